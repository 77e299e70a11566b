//! Values of rows as types, and back.

use std::{fmt::Display, str::FromStr, vec::IntoIter};

use cidery_protocol::log::Hash;
use serde::{Serialize, de::DeserializeOwned};
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

/// One of the protocol's types, as CBOR.
pub(crate) fn object<T: Serialize>(object: &T) -> Result<Value, Error> {
    let bytes = serde_ipld_dagcbor::to_vec(object);
    bytes.map(Value::Blob).map_err(|error| Error::internal(error.to_string()))
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

    pub(crate) fn object<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        serde_ipld_dagcbor::from_slice(&self.blob()?).map_err(|error| wanted(&error.to_string()))
    }

    pub(crate) fn parse<T: FromStr>(&mut self) -> Result<T, Error> {
        self.parse_some()?.ok_or_else(|| wanted("text"))
    }

    /// NULL is none.
    pub(crate) fn parse_some<T: FromStr>(&mut self) -> Result<Option<T>, Error> {
        match self.0.next() {
            Some(Value::Text(text)) => text.parse().map(Some).map_err(|_| wanted("text of its form")),
            Some(Value::Null) => Ok(None),
            _ => Err(wanted("text")),
        }
    }
}

fn wanted(what: &str) -> Error {
    Error::internal(format!("a column of the ledger is not what was written: wanted {what}"))
}
