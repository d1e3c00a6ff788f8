//! Scalars in TensorBoard's event files: records of length, checksum, data, checksum (TFRecord), each with an `Event` message
//! (`tensorflow/core/util/event.proto`, `tensorflow/core/framework/summary.proto`, `tensor.proto`).

use super::crc32c::masked;
use super::protobuf::{FieldValue, MessageFields, varint};

/// Bytes around the data of a record: its length, the length's checksum, and the data's checksum.
const LENGTH_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 4;

/// One value of a series.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scalar<'e> {
    /// The name of the series.
    pub tag: &'e str,
    /// Its step.
    pub step: i64,
    /// Its value.
    pub value: f64,
}

/// Why the end of a file was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventFileError {
    /// The last record is incomplete: it is written at this moment, or its writer was ended.
    Incomplete,
    /// A checksum does not match, at this byte.
    Checksum(usize),
}

/// Calls `take` with every scalar in `file`.
pub fn scalars(file: &[u8], mut take: impl FnMut(Scalar<'_>)) -> Result<(), EventFileError> {
    let mut at = 0;
    while at < file.len() {
        let data = record(&file[at..]).map_err(|error| match error {
            EventFileError::Checksum(offset) => EventFileError::Checksum(at + offset),
            error => error,
        })?;
        event(data, &mut take);
        at += LENGTH_BYTES + CHECKSUM_BYTES + data.len() + CHECKSUM_BYTES;
    }
    Ok(())
}

/// The data of the record at the start of `bytes`.
fn record(bytes: &[u8]) -> Result<&[u8], EventFileError> {
    let incomplete = || EventFileError::Incomplete;
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(incomplete)?;
    let (checksum, rest) = rest.split_first_chunk::<CHECKSUM_BYTES>().ok_or_else(incomplete)?;
    if masked(length) != u32::from_le_bytes(*checksum) {
        return Err(EventFileError::Checksum(0));
    }
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| incomplete())?;
    let (data, rest) = rest.split_at_checked(length).ok_or_else(incomplete)?;
    let checksum = rest.first_chunk::<CHECKSUM_BYTES>().ok_or_else(incomplete)?;
    if masked(data) != u32::from_le_bytes(*checksum) {
        return Err(EventFileError::Checksum(LENGTH_BYTES + CHECKSUM_BYTES));
    }
    Ok(data)
}

/// The fields `step` (2) and `summary` (5) of an `Event`.
fn event(message: &[u8], take: &mut impl FnMut(Scalar<'_>)) {
    let mut step = 0;
    let mut summary: &[u8] = &[];
    for field in MessageFields::new(message) {
        match field {
            (2, FieldValue::Varint(number)) => step = number.cast_signed(),
            (5, FieldValue::Bytes(message)) => summary = message,
            _ => {}
        }
    }
    for field in MessageFields::new(summary) {
        if let (1, FieldValue::Bytes(message)) = field
            && let Some((tag, value)) = summary_value(message)
        {
            take(Scalar { tag, step, value });
        }
    }
}

/// The fields `tag` (1) and `simple_value` (2) or `tensor` (8) of a `Summary.Value`; `None` if it is no scalar.
fn summary_value(message: &[u8]) -> Option<(&str, f64)> {
    let (mut tag, mut value) = (None, None);
    for field in MessageFields::new(message) {
        match field {
            (1, FieldValue::Bytes(text)) => tag = std::str::from_utf8(text).ok(),
            (2, FieldValue::Fixed32(bits)) => value = Some(f64::from(f32::from_bits(bits))),
            (8, FieldValue::Bytes(message)) => value = tensor(message),
            _ => {}
        }
    }
    Some((tag?, value?))
}

/// The number in a `TensorProto` with one element of a type of `DataType`: float (1), double (2), int32 (3), int64 (9).
fn tensor(message: &[u8]) -> Option<f64> {
    let (mut data_type, mut value) = (0, None);
    let mut content: &[u8] = &[];
    for field in MessageFields::new(message) {
        match field {
            (1, FieldValue::Varint(number)) => data_type = number,
            (2, FieldValue::Bytes(shape)) if elements(shape) != 1 => return None,
            (4, FieldValue::Bytes(bytes)) => content = bytes,
            (5, FieldValue::Bytes(bytes)) => value = float(bytes),
            (5, FieldValue::Fixed32(bits)) => value = Some(f64::from(f32::from_bits(bits))),
            (6, FieldValue::Bytes(bytes)) => value = double(bytes),
            (6, FieldValue::Fixed64(bits)) => value = Some(f64::from_bits(bits)),
            (7 | 10, FieldValue::Bytes(bytes)) => value = varint(bytes).map(|(number, _)| number.cast_signed() as f64),
            (7 | 10, FieldValue::Varint(number)) => value = Some(number.cast_signed() as f64),
            _ => {}
        }
    }
    value.or_else(|| match data_type {
        1 => float(content),
        2 => double(content),
        3 => Some(f64::from(i32::from_le_bytes(content.try_into().ok()?))),
        9 => Some(i64::from_le_bytes(content.try_into().ok()?) as f64),
        _ => None,
    })
}

fn float(bytes: &[u8]) -> Option<f64> {
    Some(f64::from(f32::from_le_bytes(bytes.try_into().ok()?)))
}

fn double(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.try_into().ok()?))
}

/// How many elements a `TensorShapeProto` has: its field `dim` (2) is repeated, with the field `size` (1).
fn elements(shape: &[u8]) -> u64 {
    let size = |dimension: &[u8]| {
        let size = MessageFields::new(dimension).find_map(|field| match field {
            (1, FieldValue::Varint(size)) => Some(size),
            _ => None,
        });
        size.unwrap_or(0)
    };
    let dimensions = MessageFields::new(shape).filter_map(|field| match field {
        (2, FieldValue::Bytes(dimension)) => Some(size(dimension)),
        _ => None,
    });
    dimensions.fold(1, u64::saturating_mul)
}
