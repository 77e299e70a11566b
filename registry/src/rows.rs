//! Values of rows as types, and back.

use std::{fmt::Display, str::FromStr, vec::IntoIter};

use cidery_protocol::log::Hash;
use serde_bytes::ByteArray;

use crate::{Error, Value};

/// Sizes, indexes and times stay below 2^53 (SPEC §12).
pub(crate) fn integer(number: u64) -> Value {
    Value::Integer(number as i64)
}

pub(crate) fn text(value: impl Display) -> Value {
    Value::Text(value.to_string())
}

pub(crate) fn blob(bytes: &[u8]) -> Value {
    Value::Blob(bytes.to_vec())
}

/// A row that is read from the left.
pub(crate) struct Row(IntoIter<Value>);

impl From<Vec<Value>> for Row {
    fn from(values: Vec<Value>) -> Self {
        Row(values.into_iter())
    }
}

impl Row {
    pub(crate) fn integer(&mut self) -> Result<u64, Error> {
        match self.0.next() {
            Some(Value::Integer(number)) => u64::try_from(number).map_err(|_| wanted("an integer from 0")),
            _ => Err(wanted("an integer")),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, Error> {
        match self.0.next() {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(wanted("bytes")),
        }
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<ByteArray<N>, Error> {
        let bytes: [u8; N] = self.blob()?.try_into().map_err(|_| wanted("bytes of another number"))?;
        Ok(ByteArray::new(bytes))
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, Error> {
        Ok(Hash::from_bytes(self.bytes::<32>()?.into_array()))
    }

    pub(crate) fn parse<T: FromStr>(&mut self) -> Result<T, Error> {
        match self.0.next() {
            Some(Value::Text(text)) => text.parse().map_err(|_| wanted("text of its form")),
            _ => Err(wanted("text")),
        }
    }
}

fn wanted(what: &str) -> Error {
    Error::internal(format!("a column of the ledger is not what was written: wanted {what}"))
}
