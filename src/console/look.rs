//! How this terminal is drawn on: the theme in use, and how another one is found.

use super::edge::Capability;
use super::files::UserFiles;
use super::theme::{self, Depth, Glyphs, Theme};

/// The theme in use, for this terminal.
#[derive(Debug)]
pub struct Look {
    /// The theme.
    pub theme: Theme,
    name: String,
    depth: Depth,
    files: UserFiles,
}

impl Look {
    /// The theme `name` as far as the terminal can show it; `ascii`: whatever it can.
    pub fn new(name: &str, can: Capability, ascii: bool, files: UserFiles) -> Result<Look, theme::ThemeError> {
        let glyphs = if ascii || !can.unicode { Glyphs::ASCII } else { Glyphs::UNICODE };
        let name = if can.depth == Depth::Mono { "mono" } else { name };
        let theme = find(name, can.depth, glyphs, &files)?;
        Ok(Look { theme, name: name.to_owned(), depth: can.depth, files })
    }

    /// Uses another theme; the present one stays when that can't be read.
    pub fn change(&mut self, name: &str) -> Result<(), String> {
        self.theme = find(name, self.depth, self.theme.glyphs, &self.files).map_err(|e| e.to_string())?;
        self.name = name.to_owned();
        Ok(())
    }

    /// Reads the theme in use anew: its name, or why it stays as it was.
    pub fn again(&mut self) -> Result<String, String> {
        let name = self.name.clone();
        self.change(&name).map(|()| name)
    }
}

/// The user's own theme, else ours.
fn find(name: &str, depth: Depth, glyphs: Glyphs, files: &UserFiles) -> Result<Theme, theme::ThemeError> {
    match files.theme(name) {
        Some(text) => theme::read(&text, depth, glyphs),
        None => theme::load(name, depth, glyphs),
    }
}
