-- What psql and people ask of a database's structure.
\d
\dt
\dt+ public.*
\d customers
\d+ orders
\d customers_pkey
\dn+
\df
\df+ public.*
\du
\l
\dp
\ddp
\di+
\dv
\dm
\ds
\dT+ public.*
\dx
\dC
\do public.*
\dF
\dE
\dew
\dy
\dRp
\dL
\dO public.*
\dc public.*
\dd
\db
\dA
\dAc btree int4
\d pg_class
\dP
\dX
\sf public.total
\sv public.recent
\encoding
SELECT version() IS NOT NULL, current_user, current_database(), current_schema();
SHOW server_encoding;
\echo the end
