//! SSH in front of a real sshd, through a gateway whose other doors are fakes of the testkit.

mod client;
mod conformance;
mod files;
mod floods;
mod gateway;
mod host;
mod hostile;
mod invited;
mod keys;
mod lent;
mod offered;
mod pressed;
mod raw;
mod sessions;
mod shared;
mod uninvited;
