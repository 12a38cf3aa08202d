UPDATE customers SET name = name RETURNING old.email, new.email, old.name AS was
UPDATE customers SET name = name RETURNING WITH (OLD AS o, NEW AS n) o.email, n.*
MERGE INTO others t USING customers c ON t.id = c.id WHEN MATCHED THEN UPDATE SET email = t.email RETURNING merge_action(), t.email, c.email
SELECT j.e FROM customers, JSON_TABLE(meta, '$' COLUMNS (e text PATH '$.k', NESTED PATH '$.x[*]' COLUMNS (y int PATH '$'))) j
SELECT JSON_VALUE(meta, '$.k'), JSON_QUERY(meta, '$'), JSON_EXISTS(meta, '$.k') FROM customers
SELECT JSON_OBJECT('e' : email), JSON_ARRAY(email, 1), JSON_OBJECTAGG(id : email), JSON_ARRAYAGG(email ORDER BY id) FROM customers GROUP BY email
SELECT JSON_ARRAY(SELECT email FROM customers), JSON_SCALAR(1), JSON('{}'), JSON_SERIALIZE('{}')
SELECT any_value(email), casefold(email) FROM customers GROUP BY 2
