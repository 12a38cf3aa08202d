use tokio::time::{Instant, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn whoever_has_next_to_no_room_goes_on_as_soon_as_there_is_some() {
    const SOON: Duration = Duration::from_millis(1);
    let level = Level::default();
    level.hold(FULL);
    assert_eq!(level.window(), TRICKLE);
    let began = Instant::now();
    assert!(level.rise(1).await.is_ok());
    assert_eq!((began.elapsed(), level.window()), (PAUSE, TRICKLE), "there is none");

    let began = Instant::now();
    let passed_on = async {
        sleep(SOON).await;
        level.fall(FULL);
    };
    let (rose, ()) = tokio::join!(level.rise(1), passed_on);
    assert!(rose.is_ok());
    assert_eq!((began.elapsed(), level.window()), (SOON, WINDOW));
}
