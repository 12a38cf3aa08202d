//! What is said of a file beside what stands in it: section 5.
//!
//! It knows no file system: numbers are what the server means by them. Enter at [`Attributes`].

use bytes::{BufMut, Bytes, BytesMut};

use super::error::SftpError;
use super::read::Reader;
use super::write;

const SIZE: u32 = 0x1;
const OWNER: u32 = 0x2;
const PERMISSIONS: u32 = 0x4;
const TIMES: u32 = 0x8;
const EXTENDED: u32 = 0x8000_0000;

/// The least that a name and its value take: their lengths.
const LEAST_PAIR: usize = 2 * size_of::<u32>();

/// What is known of a file, or is to become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// How long it is, in bytes.
    pub size: Option<u64>,
    /// Whose it is: user and group, by their numbers.
    pub owner: Option<(u32, u32)>,
    /// What kind it is, and who may do what with it, as `st_mode` has them.
    pub permissions: Option<u32>,
    /// When it was last read and written, in seconds since 1970.
    pub times: Option<(u32, u32)>,
    /// Anything else, by name.
    pub extended: Vec<(Bytes, Bytes)>,
}

impl Attributes {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every text in it.
    pub(super) fn texts_mut(&mut self) -> impl Iterator<Item = &mut Bytes> {
        self.extended.iter_mut().flat_map(|(name, value)| [name, value])
    }

    pub(super) fn read(reader: &mut Reader) -> Result<Self, SftpError> {
        let flags = reader.u32()?;
        let has = |flag: u32| flags & flag != 0;
        // what an unknown flag stands for is as long as nobody knows
        if flags & !(SIZE | OWNER | PERMISSIONS | TIMES | EXTENDED) != 0 {
            return Err(reader.malformed("flag of attributes"));
        }
        let size = if has(SIZE) { Some(reader.u64()?) } else { None };
        let owner = if has(OWNER) { Some((reader.u32()?, reader.u32()?)) } else { None };
        let permissions = if has(PERMISSIONS) { Some(reader.u32()?) } else { None };
        let times = if has(TIMES) { Some((reader.u32()?, reader.u32()?)) } else { None };
        let count = if has(EXTENDED) { reader.count(LEAST_PAIR)? } else { 0 };
        let extended = (0..count).map(|_| Ok((reader.string()?, reader.string()?))).collect::<Result<_, _>>()?;
        Ok(Self { size, owner, permissions, times, extended })
    }

    pub(super) fn write(&self, out: &mut BytesMut) -> Result<(), SftpError> {
        let flag = |said: bool, flag: u32| if said { flag } else { 0 };
        out.put_u32(
            flag(self.size.is_some(), SIZE)
                | flag(self.owner.is_some(), OWNER)
                | flag(self.permissions.is_some(), PERMISSIONS)
                | flag(self.times.is_some(), TIMES)
                | flag(!self.extended.is_empty(), EXTENDED),
        );
        self.size.into_iter().for_each(|size| out.put_u64(size));
        let pairs = |pair: Option<(u32, u32)>| pair.into_iter().flat_map(|(first, second)| [first, second]);
        let numbers = pairs(self.owner).chain(self.permissions).chain(pairs(self.times));
        numbers.for_each(|number| out.put_u32(number));
        if !self.extended.is_empty() {
            write::count(out, "attributes", self.extended.len())?;
        }
        for (name, value) in &self.extended {
            write::string(out, "attributes", name)?;
            write::string(out, "attributes", value)?;
        }
        Ok(())
    }
}
