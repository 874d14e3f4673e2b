//! What the engine does to images and segmentations that pass through it: it gives them its codec, and
//! the format in which they leave.

use super::{DataType, Field, Values};
use crate::error::Error;
use crate::value::{Codec, Value, no_codec};
use std::sync::Arc;

impl DataType {
    fn has_pictures(&self) -> bool {
        match self {
            DataType::Image { .. } | DataType::Segmentation { .. } => true,
            DataType::Array { item, .. } => item.has_pictures(),
            _ => false,
        }
    }

    fn equip(&self, value: &mut Value, codec: Option<&Arc<dyn Codec>>) -> Result<(), Error> {
        if !self.has_pictures() {
            return Ok(());
        }
        let unreadable = match (self, value) {
            (DataType::Image { .. }, Value::Image(image)) => {
                image.set_output_format(self.image_format());
                codec.into_iter().for_each(|codec| image.attach(codec));
                image.unreadable_format()
            }
            (DataType::Segmentation { .. }, Value::Segmentation(segmentation)) => {
                codec.into_iter().for_each(|codec| segmentation.attach(codec));
                segmentation.unreadable_format()
            }
            (DataType::Array { item, .. }, Value::Array(items)) => {
                for (index, value) in items.iter_mut().enumerate() {
                    let equipped = item.equip(value, codec);
                    equipped.map_err(|error| error.context(format_args!("item {index}")))?;
                }
                None
            }
            _ => None,
        };
        match unreadable {
            Some(format) => Err(no_codec(format, "read").into()),
            None => Ok(()),
        }
    }
}

impl Field {
    /// Gives the images and segmentations in an accepted value a codec, and the format of this field.
    ///
    /// # Errors
    /// If one can't be decoded for want of a codec. It still leaves in the bytes in which it arrived.
    pub(crate) fn equip(
        &self,
        value: &mut Value,
        codec: Option<&Arc<dyn Codec>>,
    ) -> Result<(), Error> {
        let equipped = self.data_type.equip(value, codec);
        equipped.map_err(|error| error.in_field(&self.name))
    }
}

impl Values {
    /// [`Field::equip`] for values that were completed for these fields.
    pub(crate) fn equip(
        &mut self,
        fields: &[Field],
        codec: Option<&Arc<dyn Codec>>,
    ) -> Result<(), Error> {
        let mut pairs = fields.iter().zip(&mut self.0);
        pairs.try_for_each(|(field, (_, value))| field.equip(value, codec))
    }

    /// Gives every image and segmentation a codec, unless it has one.
    pub(crate) fn attach_codec(&self, codec: &Arc<dyn Codec>) {
        self.iter().for_each(|(_, value)| value.attach_codec(codec));
    }

    /// Decodes segmentations that arrived encoded.
    ///
    /// # Errors
    /// The first that is damaged, and how.
    pub(crate) fn decode_segmentations(&self) -> Result<(), Error> {
        fn decode(value: &Value) -> Result<(), Error> {
            match value {
                Value::Segmentation(segmentation) => segmentation.ids().map(|_| ()),
                Value::Array(items) if has_segmentations(items) => {
                    for (index, item) in items.iter().enumerate() {
                        decode(item)
                            .map_err(|error| error.context(format_args!("item {index}")))?;
                    }
                    Ok(())
                }
                _ => Ok(()),
            }
        }
        // Items are all of one type.
        fn has_segmentations(items: &[Value]) -> bool {
            matches!(items.first(), Some(Value::Segmentation(_) | Value::Array(_)))
        }
        self.iter()
            .try_for_each(|(name, value)| decode(value).map_err(|error| error.in_field(name)))
    }
}
