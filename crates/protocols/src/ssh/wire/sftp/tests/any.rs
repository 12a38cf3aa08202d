//! Messages of every kind, at random.
//!
//! They are such as can be written; what cannot is tested where it is refused.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::*;

/// Bytes that lengths and kinds are made of, rather than any.
pub(super) fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0_u8), 2 => 0_u8..9, 1 => any::<u8>()]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..12).prop_map(Bytes::from)
}

fn handle() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..5).prop_map(Bytes::from)
}

fn pairs() -> impl Strategy<Value = Vec<(Bytes, Bytes)>> {
    prop::collection::vec((bytes(), bytes()), 0..3)
}

fn attributes() -> impl Strategy<Value = Attributes> {
    (any::<Option<u64>>(), any::<Option<(u32, u32)>>(), any::<Option<u32>>(), any::<Option<(u32, u32)>>(), pairs())
        .prop_map(|(size, owner, permissions, times, extended)| Attributes {
            size,
            owner,
            permissions,
            times,
            extended,
        })
}

fn extension() -> impl Strategy<Value = Extension> {
    prop_oneof![
        (bytes(), bytes()).prop_map(|(from, to)| Extension::PosixRename { from, to }),
        bytes().prop_map(Extension::StatVfs),
        handle().prop_map(Extension::FstatVfs),
        (bytes(), bytes()).prop_map(|(from, to)| Extension::Hardlink { from, to }),
        handle().prop_map(Extension::Fsync),
        (bytes(), attributes()).prop_map(|(path, attributes)| Extension::Lsetstat { path, attributes }),
        Just(Extension::Limits),
        (handle(), any::<u64>(), any::<u64>(), handle(), any::<u64>()).prop_map(
            |(from, from_offset, length, to, to_offset)| Extension::CopyData {
                from,
                from_offset,
                length,
                to,
                to_offset
            }
        ),
        (bytes(), bytes()).prop_map(|(name, body)| Extension::Unknown { name, body }),
    ]
}

pub(super) fn request() -> impl Strategy<Value = Request> {
    let call = prop_oneof![
        (bytes(), any::<u32>(), attributes()).prop_map(|(path, access, attributes)| Call::Open {
            path,
            access: Access(access),
            attributes
        }),
        handle().prop_map(Call::Close),
        (handle(), any::<u64>(), any::<u32>()).prop_map(|(handle, offset, length)| Call::Read {
            handle,
            offset,
            length
        }),
        (handle(), any::<u64>(), bytes()).prop_map(|(handle, offset, data)| Call::Write { handle, offset, data }),
        bytes().prop_map(Call::Lstat),
        handle().prop_map(Call::Fstat),
        (bytes(), attributes()).prop_map(|(path, attributes)| Call::Setstat { path, attributes }),
        (handle(), attributes()).prop_map(|(handle, attributes)| Call::Fsetstat { handle, attributes }),
        bytes().prop_map(Call::Opendir),
        handle().prop_map(Call::Readdir),
        bytes().prop_map(Call::Remove),
        (bytes(), attributes()).prop_map(|(path, attributes)| Call::Mkdir { path, attributes }),
        bytes().prop_map(Call::Rmdir),
        bytes().prop_map(Call::Realpath),
        bytes().prop_map(Call::Stat),
        (bytes(), bytes()).prop_map(|(from, to)| Call::Rename { from, to }),
        bytes().prop_map(Call::Readlink),
        (bytes(), bytes()).prop_map(|(target, link)| Call::Symlink { target, link }),
        extension().prop_map(Call::Extended),
        (21_u8..100, bytes()).prop_map(|(kind, body)| Call::Unknown { kind, body }),
    ];
    (any::<u32>(), call).prop_map(|(id, call)| Request { id, call })
}

pub(super) fn reply() -> impl Strategy<Value = Reply> {
    let name = (bytes(), bytes(), attributes()).prop_map(|(name, line, attributes)| Name { name, line, attributes });
    let answer = prop_oneof![
        (any::<u32>(), bytes(), bytes()).prop_map(|(code, message, language)| Answer::Status {
            code,
            message,
            language
        }),
        handle().prop_map(Answer::Handle),
        bytes().prop_map(Answer::Data),
        prop::collection::vec(name, 0..4).prop_map(Answer::Names),
        attributes().prop_map(Answer::Attributes),
        bytes().prop_map(Answer::Extended),
        (106_u8..200, bytes()).prop_map(|(kind, body)| Answer::Unknown { kind, body }),
    ];
    (any::<u32>(), answer).prop_map(|(id, answer)| Reply { id, answer })
}

pub(super) fn hello() -> impl Strategy<Value = Hello> {
    (any::<bool>(), any::<u32>(), pairs()).prop_map(|(answers, version, extensions)| Hello {
        answers,
        version,
        extensions,
    })
}
