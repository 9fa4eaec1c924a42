mod cards;
mod documents;
mod names_and_phones;
mod paths_and_ids;
mod regions;
pub(crate) mod words;
