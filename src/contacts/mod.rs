//! Contacts: one row per phone number, how files become rows and rows become files, and the filter language over them.

pub mod contact;
pub mod duplicates;
pub mod export;
pub mod fields;
pub mod filter;
pub mod import;
pub mod page;
pub mod phone;
pub mod places;
pub mod status;
pub mod synthetic;
