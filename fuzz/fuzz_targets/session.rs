//! Whatever client and target say, in whatever order and however it is cut: no session falls or goes on without anybody,
//! nothing comes to the target that was not allowed and recorded before, the client hears whole messages, and no masked
//! cell in clear.
//!
//! The input is what is random about a case of the model: what the client does, how that is cut, and what each connection
//! of the target does, with `0xff` between any two of them.
#![no_main]
#![expect(dead_code, reason = "other tests of the model need more of it")]

#[path = "session/chance.rs"]
mod chance;
#[path = "../../crates/protocols/tests/model/client.rs"]
mod client;
#[path = "../../crates/protocols/tests/model/hostile.rs"]
mod hostile;
#[path = "../../crates/protocols/tests/model/messages.rs"]
mod messages;
#[path = "../../crates/protocols/tests/model/server.rs"]
mod server;
#[path = "../../crates/protocols/tests/model/stage.rs"]
mod stage;
#[path = "../../crates/protocols/tests/model/target.rs"]
mod target;
#[path = "../../crates/protocols/tests/model/words.rs"]
mod words;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Err(error) = stage::alone(hostile::play(chance::Chance::from(input))) {
        panic!("{error:?}");
    }
});
