//! Clients that say a byte now and then, many of them, while others log in: these are served, and those cut off.
//!
//! Each dribbler is somewhere else on its way in: before TLS, in its handshake, or asked for its password inside. How many
//! there are `POSTERN_DRIBBLERS` says.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::raw::{self, SSL_REQUEST, tagged};
use crate::served::{Served, Way};

const USUALLY: usize = 300;
/// How long anybody may dribble, with what a machine that is full takes to accept it, and to tell of its end.
const LONGEST: Duration = Duration::from_secs(20);
/// How long a client of good will waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many come within a quarter of a second.
const AT_ONCE: usize = 250;
/// How many clients of good will come at a time.
const OTHERS: usize = 2;

/// Somebody who says a byte a second.
struct Dribbler {
    stream: TcpStream,
    rest: Vec<u8>,
    begun: Instant,
}

/// What became of it.
enum State {
    Goes,
    Over(Duration),
    /// It has said all, and nobody minded.
    Done,
}

impl Dribbler {
    fn new(served: &Served, way: &Way, kind: usize) -> Self {
        let mut stream = raw::plain(served);
        let begun = Instant::now();
        let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[7; 200]].concat();
        let rest = match kind % 3 {
            0 => raw::startup(&way.user, &way.database),
            1 => SSL_REQUEST.into_iter().chain(hello).collect(),
            _ => {
                stream.write_all(&SSL_REQUEST).unwrap();
                hello
            }
        };
        stream.set_nonblocking(true).unwrap();
        Self { stream, rest, begun }
    }

    /// Says the next byte, where it is time to, and looks whether the connection is still there.
    fn dribble(&mut self, says: bool) -> State {
        if says {
            let Some((first, rest)) = self.rest.split_first() else { return State::Done };
            let wrote = self.stream.write(&[*first]);
            self.rest = rest.to_vec();
            if wrote.is_err() {
                return State::Over(self.begun.elapsed());
            }
        }
        loop {
            match self.stream.read(&mut [0; 256]) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return State::Goes,
                Ok(0) | Err(_) => return State::Over(self.begun.elapsed()),
            }
        }
    }
}

/// How others fare meanwhile: how many were served, and how many were not.
#[derive(Default)]
struct Fared {
    well: AtomicUsize,
    ill: AtomicUsize,
    over: AtomicBool,
}

/// Logs in and asks something, again and again.
fn comes_and_goes(served: &Served, way: &Way, fared: &Fared) {
    while !fared.over.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let answered = catch_unwind(AssertUnwindSafe(|| {
            let mut stream = raw::logged_in(served, way);
            stream.write_all(&tagged(b'Q', b"SELECT 1\0")).unwrap();
            while raw::message(&mut stream).unwrap().0 != b'Z' {}
        }));
        let well = answered.is_ok() && begun.elapsed() < PATIENCE;
        if well { &fared.well } else { &fared.ill }.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn whoever_dribbles_is_cut_off_however_many_and_others_log_in() {
    let many = std::env::var("POSTERN_DRIBBLERS").map_or(USUALLY, |said| said.parse().unwrap());
    let served = Served::new(18, &[]);
    let authority = served.server.ca_file().display().to_string();
    let shop = served.target("shop", "localhost", served.server.port(), &authority);
    // all of them are let in, so that none is turned away to make room for others
    served.configure(&format!("[listener.postgres]\nconnections = {}\n{shop}", many + 100));
    let gateway = served.site.start();
    let way = served.through();
    assert!(way.works(), "{}", gateway.log());
    let fared = Fared::default();
    let lasted = thread::scope(|scope| {
        for _ in 0..OTHERS {
            scope.spawn(|| comes_and_goes(&served, &way, &fared));
        }
        let (mut dribblers, mut lasted) = (Vec::<Dribbler>::new(), Vec::new());
        let (mut made, mut turns) = (0, 0);
        while made < many || !dribblers.is_empty() {
            let turn = Instant::now();
            turns += 1;
            let next = many.min(made + AT_ONCE);
            dribblers.extend((made..next).map(|kind| Dribbler::new(&served, &way, kind)));
            made = next;
            dribblers.retain_mut(|one| match one.dribble(turns % 4 == 0) {
                State::Goes => true,
                State::Over(after) => {
                    lasted.push(after);
                    false
                }
                State::Done => panic!("nobody minded it"),
            });
            thread::sleep(Duration::from_millis(250).saturating_sub(turn.elapsed()));
        }
        fared.over.store(true, Ordering::SeqCst);
        lasted
    });
    let (well, ill) = (fared.well.load(Ordering::SeqCst), fared.ill.load(Ordering::SeqCst));
    let longest = lasted.iter().max().unwrap();
    println!("{many} dribblers, the last cut off after {longest:.1?}; of {} logins {ill} failed", well + ill);
    assert_eq!(lasted.len(), many);
    assert!(*longest <= LONGEST, "one of them lasted {longest:?}");
    assert!(well > 20, "only {well} came in: {}", gateway.log());
    assert!(ill * 1000 <= well + ill, "{ill} of {} logins failed: {}", well + ill, gateway.log());
    assert!(way.works());
}

/// THREAT: who opens connections and says nothing fills a listener.
#[test]
fn a_listener_full_of_strangers_has_room_for_whoever_logs_in() {
    let served = Served::new(18, &[]);
    let authority = served.server.ca_file().display().to_string();
    let shop = served.target("shop", "localhost", served.server.port(), &authority);
    served.configure(&format!("[listener.postgres]\nconnections = 4\n{shop}"));
    let gateway = served.site.start();
    let way = served.through();
    assert!(way.works(), "{}", gateway.log());
    thread::scope(|scope| {
        let lasting = scope.spawn(|| way.psql(&["SELECT pg_sleep(3)", "SELECT 'still here'"]));
        thread::sleep(Duration::from_secs(1));
        let mut silent: Vec<TcpStream> = (0..20).map(|_| raw::plain(&served)).collect();
        assert!(way.works(), "{}", gateway.log());
        let first = silent.first_mut().unwrap();
        first.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(matches!(first.read(&mut [0; 16]), Ok(0) | Err(_)), "the first stranger stays");
        let lasting = lasting.join().unwrap();
        let said = String::from_utf8_lossy(&lasting.stdout).into_owned();
        assert!(said.contains("still here"), "a session was ended for strangers: {lasting:?}");
    });
    assert!(gateway.log().contains("sent away who has not logged in for longest"), "{}", gateway.log());
}
