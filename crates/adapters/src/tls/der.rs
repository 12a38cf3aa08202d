//! Just enough DER (X.690) to find a field in a certificate.
//!
//! It verifies nothing: whoever comes here has a certificate that is verified. Enter at [`element`].

/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
pub(super) const FIRST_FIELD: u8 = 0xa0;

/// The content of the element with this tag at the start, and what follows it.
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[first, length], rest) = bytes.split_first_chunk()?;
    if first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits.iter().fold(0_u32, |length, digit| length << 8 | u32::from(*digit));
            (usize::try_from(length).ok()?, rest)
        }
        // An indefinite length is not DER; a longer one is no certificate.
        _ => return None,
    };
    rest.split_at_checked(length)
}
