use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter, duplex};

use super::{LEAST, MOST, ends};

#[tokio::test]
async fn what_is_written_last_is_on_its_way_at_once() {
    let (ours, mut theirs) = duplex(64);
    // it keeps what it is given until it is told to let go of it, as TLS does
    let (_, mut outlet) = ends(Box::new(BufWriter::new(ours)));
    outlet.push(b"all of it");
    outlet.drain().await.unwrap();
    assert!(outlet.is_idle());
    let mut came = [0; 9];
    theirs.read_exact(&mut came).await.unwrap();
    assert_eq!(&came, b"all of it");
}

#[tokio::test]
async fn what_the_other_side_does_not_take_stays_and_is_not_idle() {
    let (ours, mut theirs) = duplex(4);
    let (_, mut outlet) = ends(Box::new(ours));
    outlet.push(b"all of it");
    outlet.drain().await.unwrap();
    assert!(!outlet.is_idle());
    let read = async {
        let mut came = Vec::new();
        theirs.read_to_end(&mut came).await.unwrap();
        came
    };
    let (came, ()) = tokio::join!(read, outlet.finish());
    assert_eq!(came, b"all of it");
}

#[tokio::test]
async fn room_is_made_as_much_comes_and_not_kept_for_a_silent_connection() {
    let (ours, mut theirs) = duplex(1 << 20);
    let (mut inlet, _) = ends(Box::new(ours));
    theirs.write_all(b"little").await.unwrap();
    inlet.fill().await.unwrap();
    assert!(inlet.buffer.capacity() <= 2 * LEAST, "{}", inlet.buffer.capacity());
    theirs.write_all(&vec![0; 1 << 20]).await.unwrap();
    let (mut came, mut largest) = (0, 0);
    while came < 1 << 20 {
        let once = inlet.fill().await.unwrap();
        inlet.buffer.clear();
        (came, largest) = (came + once, largest.max(once));
    }
    assert!(largest >= MOST, "{largest}");
    for _ in 0..8 {
        theirs.write_all(b"little").await.unwrap();
        inlet.fill().await.unwrap();
        inlet.buffer.clear();
    }
    assert_eq!(inlet.room, LEAST);
}
