-- Sessions of before they could be searched for are found as well; and somebody's that last, among all that were theirs.

UPDATE sessions
SET who = json_extract(principal, '$.name'),
    owner = json_array(
        json_extract(principal, '$.kind'),
        json_extract(principal, '$.name'),
        json_extract(principal, '$.issuer'),
        json_extract(principal, '$.subject'),
        json_extract(principal, '$.acts_for')
    )
WHERE owner = '';
CREATE INDEX sessions_that_last ON sessions (owner, id) WHERE ended IS NULL;
