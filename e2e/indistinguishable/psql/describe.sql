-- Every command that describes, plain, with all details, and with a pattern. `-E` shows the queries behind them.
SET search_path = zoo, public;
\d
\d+
\dS pg_cl*
\d animals
\d+ animals
\d+ keepers
\d+ visits
\d+ visits_2024
\d+ child
\d+ parent
\d+ typed
\d+ heavy
\d+ named
\d+ eaters
\d+ tags
\d+ animals_lower
\d+ animals_once
\d+ weight
\d+ outside
\d+ draft
\d "Odd name; -- "
\d zoo."a*"
\d no_such
\d pg_catalog.pg_class
\d+ pg_toast.pg_toast_2619
\da
\daS+ *.array_agg
\dA
\dA+
\dAc btree int*
\dAc+ gist
\dAf
\dAf+ btree
\dAo btree float_ops
\dAo+ * zoo.*
\dAp hash
\dAp+ gin jsonb*
\db
\db+
\dc
\dcS+ *latin*
\dconfig
\dconfig+ work_mem
\dC
\dC+ weight
\dd
\ddS *.obj_description
\dD
\dD+
\ddp
\dE
\dE+
\des
\des+
\det
\det+
\deu
\deu+
\dew
\dew+
\df
\df+
\dfa
\dfn greet
\dfp+
\dft
\dfw
\df greet text text[]
\dfS+
\dF
\dF+
\dFd
\dFdS+ plain*
\dFp
\dFp+
\dFt
\dFt+
\dg
\dg+
\dgS
\drg
\di
\di+
\dl
\dl+
\lo_list
\dL
\dLS+
\dm
\dm+
\dn
\dn+
\dnS+
\do
\do+ <<<
\doS+ =
\dO
\dO+
\dOS+
\dp
\dp animals
\z keepers
\dpS pg_authid
\dP
\dP+
\dPi
\dPtn
\dPn+ visits*
\drds
\drds zoo_guest
\dRp
\dRp+
\dRs
\ds
\ds+
\dt
\dt+
\dtS+ pg_a*
\dtvmsE
\dT
\dT+
\dTS+ int*
\dT[]
\du
\du+ zoo*
\dv
\dv+
\dvS pg_stat_*
\dx
\dx+
\dx+ hstore
\dX
\dX+
\dy
\dy+
\l
\l+
\sf greet
\sf+ listed
\sf nothing_at_all
\sv heavy
\sv+ counted
\dn *.*
\dt postgres.zoo.animals
\dt other.zoo.animals
\d a.b.c.d
\h CREATE TABLE
\encoding
