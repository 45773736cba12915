//! A monkey's own table. Its keys are its crate's to name, in a type that serde reads. Here each key is read alone
//! first, so that one mistake does not hide the next.

use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::document::Table;
use super::read::describe;

/// Reads what a monkey's type understands of a table; what is wrong is noted and its default counts meanwhile.
pub(super) fn read<T: DeserializeOwned + Default>(table: &mut Table<'_>) -> T {
    for field in fields::<T>() {
        table.know(field);
    }
    let mut sound = DeTable::new();
    for (name, value) in table.entries() {
        let key: &str = name.get_ref();
        if !fields::<T>().contains(&key) {
            continue; // An unknown key, which the table reports.
        }
        let alone = DeTable::from_iter([(name.clone(), value.clone())]);
        match deserialize::<T>(alone) {
            Ok(_) => {
                sound.insert(name.clone(), value.clone());
            }
            Err((path, message)) => {
                table.wrong_at(name.span().start, &table.path_of(&path), &said(&message, value.get_ref()));
            }
        }
    }
    deserialize(sound).unwrap_or_default()
}

/// The type's value, or the path of the key that is wrong and why.
fn deserialize<T: DeserializeOwned>(table: DeTable<'_>) -> Result<T, (String, String)> {
    let value = ValueDeserializer::from(Spanned::new(0..0, DeValue::Table(table)));
    serde_path_to_error::deserialize(value)
        .map_err(|error| (error.path().to_string(), error.inner().message().to_owned()))
}

/// serde's words for a wrong type in ours; a type's own words say already what to do.
fn said(message: &str, value: &DeValue<'_>) -> String {
    if let Some((_, expected)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        let expected = match expected {
            "a boolean" => "true or false",
            "a string" => "a text in quotes",
            "f32" | "f64" => "a number",
            "i64" | "u64" | "u32" => "a whole number",
            "a sequence" => "a list, as in [\"…\", \"…\"]",
            other => other,
        };
        return format!("found {}: write {expected}", describe(value));
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{field} is missing: write it");
    }
    match message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => format!("{found} is not known: write {expected}"),
        None => message.to_owned(),
    }
}

/// The names of a struct's fields, as serde's derive announces them to a format.
fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Names<'n>(&'n mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(Self::Error::custom("not a struct"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            Err(Self::Error::custom("only its fields were asked for"))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut names: &'static [&'static str] = &[];
    // It always fails: the names are what it leaves behind.
    drop(T::deserialize(Names(&mut names)));
    names
}
