use postern_core::ports::Duplex;
use tokio::io::AsyncReadExt as _;

use super::super::wire::Named;
use super::super::wire::frame::Frame;
use super::*;
use crate::wire::ends;

fn close() -> Control {
    let mut raw = BytesMut::new();
    Frontend::Close { kind: Named::Portal, name: Bytes::new() }.encode(&mut raw).unwrap();
    Control::Close(Frame { tag: b'C', raw: raw.freeze() })
}

/// What reaches the target, by the types of its messages.
async fn sent(controls: &[Control]) -> String {
    let (near, mut far) = tokio::io::duplex(4096);
    let near: Box<dyn Duplex> = Box::new(near);
    let (_inlet, outlet) = ends(near);
    let mut target = Target::new(outlet);
    controls.iter().for_each(|control| target.control(control));
    target.let_out();
    target.finish().await;
    let mut bytes = Vec::new();
    drop((target, _inlet));
    far.read_to_end(&mut bytes).await.unwrap();
    let mut bytes = BytesMut::from(&bytes[..]);
    let mut tags = String::new();
    while let Some(frame) = super::super::wire::frame::next(&mut bytes, super::super::wire::Limit::CLIENT).unwrap() {
        tags.push(char::from(frame.tag));
    }
    tags
}

#[tokio::test]
async fn a_flush_is_sent_where_something_waits_to_be_answered() {
    assert_eq!(sent(&[Control::Flush]).await, "");
    assert_eq!(sent(&[close(), Control::Flush, Control::Flush, Control::Flush]).await, "CH");
    assert_eq!(sent(&[close(), Control::Flush, close(), Control::Flush, Control::Sync, Control::Flush]).await, "CHCHS");
}
