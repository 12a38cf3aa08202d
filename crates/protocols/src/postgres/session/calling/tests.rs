use super::statement;

#[test]
fn a_call_by_number_is_read_as_a_select() {
    assert_eq!(&*statement(955, 2).unwrap(), b"SELECT pg_catalog.lowrite($1, $2)");
    assert_eq!(&*statement(957, 0).unwrap(), b"SELECT pg_catalog.lo_creat()");
}

#[test]
fn another_number_is_nothing_that_can_be_decided() {
    for function in [0, 42, 2078, 2924, 3826, u32::MAX] {
        assert!(statement(function, 1).is_err(), "{function}");
    }
}
