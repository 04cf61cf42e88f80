use unicode_width::UnicodeWidthStr;

/// Rows under a head, each column as wide as its widest cell; the last one is not padded.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let rows = rows.iter().map(|row| row.iter().map(String::as_str).collect());
    grid(&std::iter::once(head.to_vec()).chain(rows).collect::<Vec<_>>())
}

/// The same for as many columns as there are.
pub fn grid(rows: &[Vec<&str>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let padded = |(cell, width): (&&str, &usize)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())));
    let line = |row: &Vec<&str>| row.iter().zip(&widths).map(padded).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| line(row).trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["雪雪".to_owned(), "x".to_owned()]];
        assert_eq!(table(["id", "what"], &rows), ["id    what", "a     long cell", "雪雪  x"]);
    }
}
