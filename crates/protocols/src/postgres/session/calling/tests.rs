use super::statement;

#[test]
fn a_call_by_number_is_read_as_a_select() {
    assert_eq!(&*statement(955, 2), b"SELECT pg_catalog.lowrite($1, $2)");
    assert_eq!(&*statement(42, 0), b"SELECT \"function 42\"()");
}
