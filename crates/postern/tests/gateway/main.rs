//! The real binary from outside: processes, files, exit codes, and what is said.
//!
//! One crate, so that it is linked once. Enter at [`site::Site`].

#[cfg(test)]
mod demo;
#[cfg(test)]
mod process;
#[cfg(test)]
mod site;
#[cfg(test)]
mod verbs;
