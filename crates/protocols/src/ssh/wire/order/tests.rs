//! Orders are read back as they were written, and nothing else is read.

use bytes::Bytes;
use proptest::prelude::*;

use super::Order;
use crate::ssh::transport::{Beyond, Screen, Size, Task, Terminal, Wish};

fn orders() -> impl Strategy<Value = Order> {
    let terminal = ("\\PC{0,20}", any::<[u32; 4]>(), prop::collection::vec(any::<(u8, u32)>(), 0..5)).prop_map(
        |(term, [columns, rows, width, height], modes)| {
            Order::Wish(Wish::Terminal(Terminal { term, size: Size { columns, rows, width, height }, modes }))
        },
    );
    let screen = (any::<bool>(), "\\PC{0,9}", "\\PC{0,9}", any::<u32>())
        .prop_map(|(once, protocol, cookie, number)| Screen { once, protocol, cookie, number });
    prop_oneof![
        terminal,
        screen.prop_map(|screen| Order::Wish(Wish::Screen(screen))),
        Just(Order::Wish(Wish::Agent)),
        ("\\PC{0,9}", "\\PC{0,9}").prop_map(|(name, value)| Order::Wish(Wish::Variable { name, value })),
        Just(Order::Begin(Task::Shell)),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|command| Order::Begin(Task::Exec(command.into()))),
        "\\PC{0,9}".prop_map(|name| Order::Begin(Task::Subsystem(name))),
        ("\\PC{0,9}", any::<u32>()).prop_map(|(host, port)| Order::Connect(Beyond::Tcp { host, port })),
        "\\PC{0,9}".prop_map(|path| Order::Connect(Beyond::Socket(path))),
        ("\\PC{0,9}", any::<u32>()).prop_map(|(host, port)| Order::Listen(Beyond::Tcp { host, port })),
        "\\PC{0,9}".prop_map(|path| Order::Listen(Beyond::Socket(path))),
    ]
}

proptest! {
    #[test]
    fn an_order_is_read_back_as_it_was_written(order in orders()) {
        prop_assert_eq!(Order::decode(&order.encoded()), Some(order));
    }

    #[test]
    fn what_is_cut_or_longer_is_no_order(order in orders(), more in 1_u8..) {
        let bytes = order.encoded();
        let longer: Bytes = [&*bytes, &[more]].concat().into();
        prop_assert_eq!(Order::decode(&longer), None);
        for end in 0..bytes.len() {
            let cut = bytes.slice(..end);
            // the modes of a terminal have no number of their own
            prop_assert!(Order::decode(&cut).is_none_or(|read| matches!(read, Order::Wish(Wish::Terminal(_)))));
        }
    }

    #[test]
    fn whatever_comes_is_read_or_not(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let bytes = Bytes::from(bytes);
        if let Some(order) = Order::decode(&bytes) {
            prop_assert_eq!(order.encoded(), bytes);
        }
    }
}
