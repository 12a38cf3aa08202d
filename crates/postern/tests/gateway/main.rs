//! The real binary from outside: processes, files, exit codes, and what is said.
//!
//! One crate, so that it is linked once. Enter at [`site::Site`]; with a server behind
//! the gateway, at [`served::Served`].

#[cfg(test)]
mod audit;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod dump;
#[cfg(test)]
mod encrypting;
#[cfg(test)]
mod host_doctor;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod loris;
#[cfg(test)]
mod process;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod served;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod site;
#[cfg(test)]
mod store;
#[cfg(test)]
mod target;
#[cfg(test)]
mod verbs;
