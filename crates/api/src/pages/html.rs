//! HTML that cannot be broken out of: markup comes from this crate's own text, everything else is escaped.
//!
//! Markup is `&'static str`, so that nothing a stranger has sent can become any.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use postern_core::visible::deceives;

/// A piece of a page.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    pub(super) fn new(markup: &'static str) -> Self {
        Self(markup.to_owned())
    }

    /// Markup of our own.
    pub(super) fn markup(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Text, as data. What deceives the eye is written out and marked: `⟨U+202E⟩`.
    pub(super) fn text(mut self, text: &str) -> Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(c),
                c if deceives(c) => self.0.push_str(&format!("<mark>⟨U+{:04X}⟩</mark>", u32::from(c))),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Another piece.
    pub(super) fn with(mut self, piece: Self) -> Self {
        self.0.push_str(&piece.0);
        self
    }

    /// A piece for each of `items`.
    pub(super) fn each<T>(self, items: impl IntoIterator<Item = T>, piece: impl Fn(T) -> Self) -> Self {
        items.into_iter().fold(self, |html, item| html.with(piece(item)))
    }

    #[cfg(test)]
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], self.0).into_response()
    }
}

#[cfg(test)]
mod tests;
