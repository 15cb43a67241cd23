//! Fields that nobody here knows: a newer version wrote them, beside this one on the same storage. They
//! are kept as they are, so that it finds them again when this one has written.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, forward_to_deserialize_any};
use serde_json::value::RawValue;

/// A JSON object: what is known of it, and what else it has.
pub(crate) struct Extensible<'a, T> {
    pub(crate) known: T,
    pub(crate) others: Others<'a>,
}

/// The fields beside the known ones, as they were written. There hardly ever are any: then they take a
/// word in each record and message, and nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Others<'a>(Option<Box<List<'a>>>);

#[derive(Clone, Debug, Default)]
struct List<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Others<'a> {
    /// True when every field was known.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The same, kept for longer than the text they are from.
    pub fn into_owned(self) -> Others<'static> {
        let owned = |(key, value): (Cow<'_, str>, Cow<'_, RawValue>)| {
            (Cow::Owned(key.into_owned()), Cow::Owned(value.into_owned()))
        };
        let list = self.0.map(|list| list.0.into_iter().map(owned).collect());
        Others(list.map(|list| Box::new(List(list))))
    }

    fn add(&mut self, key: Cow<'a, str>, value: &'a RawValue) {
        let list = self.0.get_or_insert_default();
        list.0.push((key, Cow::Borrowed(value)));
    }
}

impl Serialize for Others<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let list = self.0.as_ref().map_or(&[][..], |list| &list.0);
        let mut map = serializer.serialize_map(Some(list.len()))?;
        for (key, value) in list {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Writes the known fields, and the others after them.
#[derive(Serialize)]
pub(crate) struct Extended<'a, T> {
    #[serde(flatten)]
    pub(crate) known: &'a T,
    #[serde(flatten)]
    pub(crate) others: &'a Others<'a>,
}

/// `T` is a struct: what its fields are called is what it tells serde. A flattened map would do the
/// same, and would copy every field of every object to find out.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Extensible<'de, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Extensible<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let mut others = Others::default();
                let known = T::deserialize(Struct {
                    map,
                    others: &mut others,
                })?;
                Ok(Extensible { known, others })
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// Asks a struct for the names of its fields.
struct Struct<'o, 'de, A> {
    map: A,
    others: &'o mut Others<'de>,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Struct<'_, 'de, A> {
    type Error = A::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let Self { map, others } = self;
        visitor.visit_map(Fields { map, known, others })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, A::Error> {
        Err(de::Error::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Shows the known fields, and puts the others aside.
struct Fields<'o, 'de, A> {
    map: A,
    known: &'static [&'static str],
    others: &'o mut Others<'de>,
}

/// A bare `Cow` is always a copy.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Key(key)) = self.map.next_key()? {
            if self.known.contains(&&*key) {
                let known = match key {
                    Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
                    Cow::Owned(key) => seed.deserialize(key.into_deserializer()),
                };
                return known.map(Some);
            }
            let value = self.map.next_value::<&'de RawValue>()?;
            self.others.add(key, value);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Known<'a> {
        name: u32,
        #[serde(borrow)]
        value: &'a RawValue,
    }

    fn read(text: &str) -> serde_json::Result<Extensible<'_, Known<'_>>> {
        serde_json::from_str(text)
    }

    fn again(text: &str) -> String {
        let Extensible { known, others } = read(text).unwrap();
        serde_json::to_string(&Extended {
            known: &known,
            others: &others.into_owned(),
        })
        .unwrap()
    }

    #[test]
    fn what_is_not_known_is_written_as_it_was_read() {
        assert_eq!(
            again(r#"{"later":{"a": 1.50},"name":1,"value":[ 1],"n\u00e9":null,"z":"\u0041"}"#),
            r#"{"name":1,"value":[ 1],"later":{"a": 1.50},"né":null,"z":"\u0041"}"#
        );
    }

    #[test]
    fn a_known_name_is_known_however_it_is_spelled() {
        let read = read(r#"{"n\u0061me":1,"value":2}"#).unwrap();
        assert!(read.others.is_empty());
        assert_eq!(read.known.name, 1);
    }

    #[test]
    fn what_is_no_object_or_lacks_a_field_is_refused() {
        for text in [
            r#"[1,2]"#,
            "1",
            "{}",
            r#"{"name":1}"#,
            r#"{"name":1,"name":1,"value":2}"#,
            r#"{"name":1,"value":2,"later":}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
