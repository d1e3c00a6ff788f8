//! The wire format of protocol buffers, as far as event files need it (<https://protobuf.dev/programming-guides/encoding/>).

/// A field of a message.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FieldValue<'m> {
    /// A variable-length integer.
    Varint(u64),
    /// Eight bytes, little-endian.
    Fixed64(u64),
    /// Text, bytes, a message or packed numbers.
    Bytes(&'m [u8]),
    /// Four bytes, little-endian.
    Fixed32(u32),
}

/// The fields of a message with their numbers. Ends early where the message is damaged.
#[derive(Clone, Debug)]
pub struct MessageFields<'m> {
    rest: &'m [u8],
}

impl<'m> MessageFields<'m> {
    /// The fields of `message`.
    pub fn new(message: &'m [u8]) -> MessageFields<'m> {
        MessageFields { rest: message }
    }

    fn take(&mut self, length: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn varint(&mut self) -> Option<u64> {
        let (number, length) = varint(self.rest)?;
        self.rest = &self.rest[length..];
        Some(number)
    }
}

impl<'m> Iterator for MessageFields<'m> {
    type Item = (u64, FieldValue<'m>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => FieldValue::Varint(self.varint()?),
            1 => FieldValue::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                FieldValue::Bytes(self.take(length)?)
            }
            5 => FieldValue::Fixed32(u32::from_le_bytes(self.fixed()?)),
            // Groups, which these messages do not have.
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

/// A variable-length integer at the start of `bytes`, and its length in bytes.
pub fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * at as u32).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_each_type() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0];
        let wanted = [
            (1, FieldValue::Varint(150)),
            (2, FieldValue::Bytes(b"hi")),
            (3, FieldValue::Fixed32(1)),
            (4, FieldValue::Fixed64(2)),
        ];
        assert_eq!(MessageFields::new(&message).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn damaged_messages_end_early() {
        for message in [&[0x08][..], &[0x12, 200, 1], &[0x0b], &[0xff; 20], &[0x1d, 1]] {
            assert_eq!(MessageFields::new(message).count(), 0, "{message:?}");
        }
    }
}
