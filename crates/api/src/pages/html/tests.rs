use super::Html;

#[test]
fn text_becomes_no_markup() {
    let html = Html::new("<p>").text("<b>\"'&\u{202e}\n\u{7}").markup("</p>").into_text();
    assert_eq!(html, "<p>&lt;b&gt;&quot;&#39;&amp;<mark>⟨U+202E⟩</mark>\n<mark>⟨U+0007⟩</mark></p>");
}
