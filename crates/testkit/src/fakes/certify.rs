//! An authority that certifies nothing: no target of a test trusts one.
//!
//! Real ones are an adapter's. Enter at [`NoAuthority`].

use postern_core::ports::{Certified, Certify, Later, LoginKey};
use postern_core::{Code, Fault};

/// Refuses every account.
#[derive(Clone, Copy, Debug)]
pub struct NoAuthority;

impl Certify for NoAuthority {
    fn certify<'a>(&'a self, _: &'a Certified<'a>) -> Later<'a, Result<LoginKey, Fault>> {
        Box::pin(async { Err(Fault::gateway(Code::Internal, "this authority has no key")) })
    }
}
