//! Paths as rules name them.
//!
//! It asks no host what is where. Enter at [`absolute`].

/// The absolute path that is written here, each step once; `None` where only the host knows which file it is.
///
/// THREAT: `/srv/www/../../etc/passwd`. Where a step back leads is said by the links on the way, not by the words.
pub(super) fn absolute(path: &str) -> Option<String> {
    let steps: Vec<&str> = path.strip_prefix('/')?.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
    let whole = !steps.contains(&"..");
    whole.then(|| format!("/{}", steps.join("/")))
}

/// What every file goes by.
pub(super) const ANY: &str = "*";

/// A path as an object: that of every file, where only the host knows which it is.
pub(super) fn file(path: &str) -> String {
    absolute(path).unwrap_or_else(|| ANY.to_owned())
}

/// A path, and all that is below it.
pub(super) fn tree(path: &str) -> Vec<String> {
    match file(path) {
        any if any == ANY => vec![any],
        root if root == "/" => vec![root, "/*".to_owned()],
        path => vec![path.clone(), format!("{path}/*")],
    }
}
