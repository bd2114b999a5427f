//! Contacts: one row per phone number, how files become rows and rows become files, and the filter language over them.

pub mod phone;
