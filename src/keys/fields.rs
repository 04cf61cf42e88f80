/// Joins fields so that no two lists of fields give the same octets: before each its length, 16 bits, big endian.
///
/// Callers pass names and keys of bounded length; a field above 65,535 octets is a bug.
pub(crate) fn framed(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        let len = u16::try_from(field.len()).expect("fields are bounded far below 65,535 octets");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::framed;

    #[test]
    fn moving_an_octet_from_one_field_to_the_next_changes_the_octets() {
        assert_eq!(framed(&[b"ab", b"", b"c"]), b"\0\x02ab\0\0\0\x01c");
        assert_ne!(framed(&[b"ab", b"c"]), framed(&[b"a", b"bc"]));
    }
}
