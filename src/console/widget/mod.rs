//! The pieces that screens are put together from; screens do not touch cells.

mod fold;
mod series;
mod sheet;
mod table;
pub mod words;

pub use fold::fold;
pub use series::{bar, chart, sparkline};
pub use sheet::{Piece, Sheet, Spot};
pub use table::{Cell, Column, Row, Rows, Width, marked_table, table};
