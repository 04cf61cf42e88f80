/// One word of a command that a user may copy into a shell (POSIX.1-2017, Shell Command Language, section 2.2): as it is where no shell
/// takes anything in it for its own, else in single quotes. A peer chooses its name, `$(...)` included.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Entity;

    #[test]
    fn a_name_is_one_word_whatever_is_in_it() {
        for plain in ["sip:bob@192.168.1.2:5062", "c12", "bob+1=2,3/4%20@example.org"] {
            assert_eq!(shell_word(plain), plain);
        }
        for (name, word) in [
            ("sip:$(id)@127.66.9.8", "'sip:$(id)@127.66.9.8'"),
            ("sip:a'b&c@h", r"'sip:a'\''b&c@h'"),
            ("sip:bob@[2001:db8::1]", "'sip:bob@[2001:db8::1]'"),
            ("my friends", "'my friends'"),
            ("~root", "'~root'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(name), word);
        }
    }

    /// What a shell itself reads.
    #[test]
    fn a_shell_reads_the_name_as_it_was() {
        let names =
            ["sip:$(id)&'x'*!~@h", "sip:-_.!~*'()%&=+$,/#@h", "sip:bob@[2001:db8::1]", "it's `id` \\ \"$HOME\""];
        assert!(Entity::parse(names[0]).is_ok() && Entity::parse(names[1]).is_ok());
        for name in names {
            let script = format!("printf %s {}", shell_word(name));
            let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), name);
        }
    }
}
