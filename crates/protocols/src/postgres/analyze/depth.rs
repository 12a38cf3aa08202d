//! How long a text may be and how deep it may nest, judged before the recursive parser sees it.
//!
//! Its time and memory grow with the number of words, by up to a kilobyte for each literal and by several for each
//! name or operator, which makes a tree of its own.
//!
//! The C grammar keeps its own stack on the heap, but writes its tree out recursively, and the tree
//! is read, walked and freed recursively on this side. The tree gets deeper by brackets, and without
//! any bracket by chains: `- - - 1`, `NOT NOT true`, `a || b || c`, `x UNION y UNION z`, joins. So what
//! is bounded is the sum, over all brackets open at a place, of the chain that runs in each. Lists
//! and chains of `AND` and `OR`, which the grammar flattens, do not count.
//!
//! Below this bound the decoder has its own of 100 messages, which a text of some 45 links meets
//! first: it answers with an error, not with a crash.

use super::scan::{Tokens, Word};
use super::{LONGEST, Unread};

/// The greatest sum of brackets and chain links that a text may have at any place.
pub const DEEPEST: usize = 400;

/// The most words that a text may have, where names and operators count as [`NAMES`]. As many parameters as the server
/// takes, 65 535, fit in with their commas and brackets.
const MOST_WORDS: usize = 160_000;
/// How many words a name, key word or operator counts as.
const NAMES: usize = 4;

/// Refuses text that is too long or nests too deep.
pub(super) fn check(text: &str) -> Result<(), Unread> {
    if text.len() > LONGEST {
        return Err(Unread::Beyond(format!("the text is {} bytes long and at most {LONGEST} are read", text.len())));
    }
    let mut chains = Chains::default();
    let mut words: usize = 0;
    let mut dotted = false;
    for token in Tokens::new(text, 0) {
        words = words.saturating_add(weight(token.word));
        if words > MOST_WORDS {
            return Err(Unread::Beyond("the text has more words than are read at once".to_owned()));
        }
        match token.word {
            Word::Open => chains.open(),
            Word::Close => chains.close(),
            Word::Comma => chains.end_expression(),
            Word::Semicolon => chains = Chains::default(),
            // THREAT: behind a dot every word is a name: `x.on + x.on + …` is one chain
            Word::Plain if dotted => {}
            Word::Plain => chains.plain(token.text),
            Word::Operator => chains.links(signs(token.text)),
            Word::Quoted | Word::Text | Word::Number | Word::Parameter | Word::Other => {}
        }
        dotted = token.text == ".";
        if chains.depth() > DEEPEST {
            return Err(Unread::Beyond(format!("the text nests deeper than {DEEPEST} levels")));
        }
    }
    Ok(())
}

fn weight(word: Word) -> usize {
    match word {
        Word::Plain | Word::Quoted | Word::Operator | Word::Other => NAMES,
        Word::Text | Word::Number | Word::Parameter | Word::Open | Word::Close | Word::Comma | Word::Semicolon => 1,
    }
}

/// The chain that runs inside one bracket.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    /// Links of the expression that runs.
    expression: usize,
    /// Links of the query that runs: joins and set operations. Only its bracket ends them.
    query: usize,
    /// How often `BETWEEN` still waits for its `AND`, which links where every other one ends.
    between: usize,
}

#[derive(Debug, Default)]
struct Chains {
    outer: Vec<Chain>,
    sum: usize,
    chain: Chain,
}

impl Chains {
    fn depth(&self) -> usize {
        self.sum.saturating_add(self.outer.len()).saturating_add(self.chain.expression).saturating_add(self.chain.query)
    }

    fn open(&mut self) {
        let links = self.chain.expression.saturating_add(self.chain.query);
        self.sum = self.sum.saturating_add(links);
        self.outer.push(self.chain);
        self.chain = Chain::default();
    }

    /// A closing bracket without an opening one is the parser's to refuse.
    fn close(&mut self) {
        let Some(chain) = self.outer.pop() else {
            return;
        };
        let links = chain.expression.saturating_add(chain.query);
        self.sum = self.sum.saturating_sub(links);
        self.chain = chain;
    }

    fn links(&mut self, count: usize) {
        self.chain.expression = self.chain.expression.saturating_add(count);
    }

    fn and(&mut self) {
        if self.chain.between == 0 {
            return self.end_expression();
        }
        self.chain.between = self.chain.between.saturating_sub(1);
        self.links(1);
    }

    fn end_expression(&mut self) {
        self.chain.expression = 0;
    }

    fn plain(&mut self, word: &str) {
        let is = |other: &&str| word.eq_ignore_ascii_case(other);
        if is(&"and") {
            self.and();
        } else if is(&"case") {
            self.open();
        } else if is(&"end") {
            self.close();
        } else if ARMS.iter().any(is) {
            self.end_expression();
            self.links(1);
        } else if ENDS.iter().any(is) {
            self.end_expression();
        } else if ["join", "union", "intersect", "except"].iter().any(is) {
            self.chain.query = self.chain.query.saturating_add(1);
        } else if LINKS.iter().any(is) {
            self.links(1);
            self.chain.between = self.chain.between.saturating_add(is(&"between").into());
        }
    }
}

/// Words before which an expression ends, whatever runs inside the same bracket.
const ENDS: &[&str] = &["or", "where", "having", "values", "returning", "set", "on"];

/// Words that begin an arm of a `CASE`: a level of its own beside the other arms.
const ARMS: &[&str] = &["when", "then", "else"];

/// Words that put one more level around the expression that they stand in. `CASE` and `END` are
/// brackets.
const LINKS: &[&str] = &[
    "not", "is", "isnull", "notnull", "in", "like", "ilike", "similar", "between", "collate", "at", "operator",
    "escape", "any", "all", "some",
];

/// At most so many operators stand in a run of operator characters: `1 +++ 2` has three.
fn signs(run: &str) -> usize {
    let signs = run.bytes().filter(|byte| matches!(byte, b'+' | b'-')).count();
    signs.max(1)
}

#[cfg(test)]
mod tests;
