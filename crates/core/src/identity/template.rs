//! Names that are made of claims.
//!
//! A claim that is missing, ambiguous, or would show as something else fills nothing. Enter at [`Template::parse`].

use crate::identity::VerifiedClaims;
use crate::visible::deceives;

/// Text with `{claim}` in it, to be filled from verified claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Claim(String),
}

impl Template {
    /// Reads a template; a brace without its partner, or an empty name, is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (claim, tail) = after.split_once('}')?;
            if before.contains('}') || claim.is_empty() || claim.contains('{') {
                return None;
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Claim(claim.to_owned()));
            rest = tail;
        }
        if rest.contains('}') {
            return None;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        (!pieces.is_empty()).then_some(Self(pieces))
    }

    /// What every name it can make looks like: `*` stands for each claim.
    #[must_use]
    pub fn pattern(&self) -> String {
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Claim(_) => "*".to_owned(),
        };
        self.0.iter().map(part).collect()
    }

    /// The claims that would make this name of it, if some would.
    #[must_use]
    pub fn solve(&self, name: &str) -> Option<Vec<(&str, String)>> {
        let mut solved = Vec::new();
        let mut rest = name;
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Piece::Claim(claim) => {
                    let end = match pieces.peek() {
                        Some(Piece::Text(text)) => rest.find(text.as_str())?,
                        Some(Piece::Claim(_)) => return None,
                        None => rest.len(),
                    };
                    let (value, after) = rest.split_at_checked(end).filter(|(value, _)| !value.is_empty())?;
                    solved.push((claim.as_str(), value.to_owned()));
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(solved)
    }

    pub(super) fn fill(&self, claims: &VerifiedClaims) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Claim(claim) => {
                    let [value] = claims.values(claim) else { return None };
                    // THREAT: a name that looks like another's
                    if value.is_empty() || value.chars().any(deceives) {
                        return None;
                    }
                    filled.push_str(value);
                }
            }
        }
        Some(filled)
    }
}
