use std::future::Future;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::watch;

use super::*;

/// Resolves once the number is this, and counts how often it is looked at.
fn counted(mut watched: watch::Receiver<u32>, looks: &Arc<AtomicUsize>) -> Later<'static, u32> {
    let looks = Arc::clone(looks);
    let mut wanted = Box::pin(async move { *watched.wait_for(|number| *number == 7).await.unwrap() });
    Box::pin(poll_fn(move |task| {
        looks.fetch_add(1, Ordering::SeqCst);
        wanted.as_mut().poll(task)
    }))
}

#[tokio::test]
async fn it_is_not_looked_at_again_before_it_calls() {
    let (sender, receiver) = watch::channel(0);
    let looks = Arc::new(AtomicUsize::new(0));
    let mut waits = seldom(counted(receiver, &looks));
    for _ in 0..100 {
        tokio::select! {
            biased;
            _ = &mut waits => unreachable!("nothing has come"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(looks.load(Ordering::SeqCst), 1);
    sender.send(3).unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(20), &mut waits).await.is_err());
    assert_eq!(looks.load(Ordering::SeqCst), 2);
    sender.send(7).unwrap();
    assert_eq!(waits.await, 7);
}

#[tokio::test]
async fn whoever_waits_for_it_is_woken_wherever_it_was_looked_at_before() {
    let (sender, receiver) = watch::channel(0);
    let looks = Arc::new(AtomicUsize::new(0));
    let mut waits = seldom(counted(receiver, &looks));
    let elsewhere = Waker::from(Arc::new(Bell { rung: AtomicBool::new(false), whom: Mutex::default() }));
    assert!(waits.as_mut().poll(&mut Context::from_waker(&elsewhere)).is_pending());
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        sender.send(7).unwrap();
    });
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), waits).await, Ok(7));
    late.join().unwrap();
}
