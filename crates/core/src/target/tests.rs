//! What a host name asks for.

use super::asked_by;

#[test]
fn a_host_name_asks_for_what_stands_before_the_domain() {
    for (host, asked) in [
        ("orders.gw.example.com", Some("orders")),
        ("OrDers.GW.example.COM", Some("orders")),
        ("orders.gw.example.com.", Some("orders")),
        // under the domain, and no target's name
        ("a.orders.gw.example.com", Some("a.orders")),
        ("*.gw.example.com", Some("*")),
        // the gateway itself, and elsewhere
        ("gw.example.com", None),
        ("gw.example.com.", None),
        ("xgw.example.com", None),
        ("example.com", None),
        ("orders.gw.example.com.evil.example", None),
        ("orders", None),
        ("", None),
    ] {
        for domain in ["gw.example.com", "GW.Example.com", "gw.example.com."] {
            assert_eq!(asked_by(host, domain).as_deref(), asked, "{host} under {domain}");
        }
    }
}
