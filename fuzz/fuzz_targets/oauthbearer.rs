//! What is read of a client's OAUTHBEARER message as its token is one, stands in it, and is read the same by itself.
//!
//! Whatever the bytes: no panic, and no second way to read them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_protocols::oauthbearer::Said;

fuzz_target!(|message: &[u8]| {
    let Ok(Said::Token(token)) = Said::read(message) else { return };
    let token = token.expose();
    assert!(message.windows(token.len()).any(|part| part == token));
    let alone = [b"n,,\x01auth=Bearer ", token, b"\x01\x01"].concat();
    assert!(matches!(Said::read(&alone), Ok(Said::Token(again)) if again.expose() == token));
});
