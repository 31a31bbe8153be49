//! Typed Arrow columns of a timeline: the wrong type or a null names the column and the row.

use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayAccessor, DictionaryArray, LargeStringArray, PrimitiveArray, RecordBatch,
    StringArray, StringViewArray,
};
use arrow_schema::{DataType, TimeUnit};

use crate::error::BuildError;

pub(super) struct Columns<'a> {
    pub offer: i64,
    pub batch: &'a RecordBatch,
    /// Rows before this batch.
    pub first: usize,
}

impl<'a> Columns<'a> {
    fn get(&self, column: &'static str) -> Result<&'a dyn Array, BuildError> {
        let found = self.batch.column_by_name(column).map(AsRef::as_ref);
        found.ok_or_else(|| BuildError::Column {
            offer: self.offer,
            column,
            why: "is missing".to_owned(),
        })
    }

    fn typed(&self, column: &'static str, array: &dyn Array, want: &str) -> BuildError {
        BuildError::Column {
            offer: self.offer,
            column,
            why: format!("is {}, not {want}", array.data_type()),
        }
    }

    fn filled(
        &self,
        column: &'static str,
        array: &dyn Array,
        optional: bool,
    ) -> Result<(), BuildError> {
        match array
            .nulls()
            .filter(|n| !optional && n.null_count() > 0)
            .and_then(|n| (0..n.len()).find(|&i| n.is_null(i)))
        {
            Some(row) => Err(BuildError::Row {
                offer: self.offer,
                row: self.first + row,
                column,
                value: "null".to_owned(),
                why: "is not allowed here",
            }),
            None => Ok(()),
        }
    }

    pub fn plain<T: arrow_array::ArrowPrimitiveType>(
        &self,
        column: &'static str,
        want: &DataType,
    ) -> Result<&'a PrimitiveArray<T>, BuildError> {
        let array = self.get(column)?;
        let typed = array
            .as_any()
            .downcast_ref::<PrimitiveArray<T>>()
            .ok_or_else(|| self.typed(column, array, &want.to_string()))?;
        self.filled(column, array, column == "first_rate_nanos")?;
        Ok(typed)
    }

    pub fn instants(
        &self,
        column: &'static str,
    ) -> Result<&'a PrimitiveArray<TimestampMicrosecondType>, BuildError> {
        let array = self.get(column)?;
        let utc = match array.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
                matches!(zone.as_ref(), "UTC" | "+00:00" | "Etc/UTC" | "Z")
            }
            _ => false,
        };
        let typed = array
            .as_any()
            .downcast_ref::<PrimitiveArray<TimestampMicrosecondType>>()
            .filter(|_| utc);
        let typed = typed.ok_or_else(|| self.typed(column, array, "timestamp[us, UTC]"))?;
        self.filled(column, array, column == "effective_until")?;
        Ok(typed)
    }

    pub fn text(&self, column: &'static str) -> Result<Text<'a>, BuildError> {
        let array = self.get(column)?;
        let text = Text::of(array).ok_or_else(|| self.typed(column, array, "utf8"))?;
        self.filled(column, array, false)?;
        match &text {
            // A dictionary may hold a null value behind a valid key.
            Text::Dictionary(keys, _) => self.filled(column, keys.values().as_ref(), false)?,
            Text::Plain(_) | Text::Large(_) | Text::View(_) => {}
        }
        Ok(text)
    }
}

impl<'a> Columns<'a> {
    /// A column of text that may hold nulls or be absent.
    pub fn optional_text(&self, column: &'static str) -> Result<Option<Text<'a>>, BuildError> {
        let Some(array) = self.batch.column_by_name(column).map(AsRef::as_ref) else {
            return Ok(None);
        };
        if *array.data_type() == DataType::Null {
            return Ok(None);
        }
        let text = Text::of(array).ok_or_else(|| self.typed(column, array, "utf8"))?;
        if let Text::Dictionary(keys, _) = &text {
            // A dictionary may hold a null value behind a valid key.
            self.filled(column, keys.values().as_ref(), false)?;
        }
        Ok(Some(text))
    }
}

/// Any of Arrow's string columns.
pub enum Text<'a> {
    Plain(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
    Dictionary(
        &'a DictionaryArray<Int32Type>,
        arrow_array::TypedDictionaryArray<'a, Int32Type, StringArray>,
    ),
}

impl<'a> Text<'a> {
    pub fn of(array: &'a dyn Array) -> Option<Self> {
        let any = array.as_any();
        if let Some(plain) = any.downcast_ref() {
            return Some(Self::Plain(plain));
        }
        if let Some(large) = any.downcast_ref() {
            return Some(Self::Large(large));
        }
        if let Some(view) = any.downcast_ref() {
            return Some(Self::View(view));
        }
        let dictionary: &DictionaryArray<Int32Type> = any.downcast_ref()?;
        Some(Self::Dictionary(dictionary, dictionary.downcast_dict()?))
    }

    /// Of a row that is not null.
    pub fn value(&self, i: usize) -> &str {
        match self {
            Self::Plain(a) => a.value(i),
            Self::Large(a) => a.value(i),
            Self::View(a) => a.value(i),
            Self::Dictionary(_, a) => a.value(i),
        }
    }

    pub fn is_null(&self, i: usize) -> bool {
        match self {
            Self::Plain(a) => a.is_null(i),
            Self::Large(a) => a.is_null(i),
            Self::View(a) => a.is_null(i),
            Self::Dictionary(keys, _) => keys.is_null(i),
        }
    }
}
