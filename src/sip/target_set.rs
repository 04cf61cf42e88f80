//! Where a request that was redirected goes next (RFC 3261 sections 8.1.3.4 and 19.1.5).

use std::collections::VecDeque;

use super::headers::NameAddr;
use super::{Scheme, Uri};

/// Redirections that one request follows; whoever sends it further is not believed any more.
pub const MOST: usize = 5;

/// Contacts of one response that are looked at.
const CONTACTS: usize = 16;

/// The status by which a callee says by which proxy it is reached (RFC 3261 section 21.3.4).
const USE_PROXY: u16 = 305;

/// The targets that redirections name, in the order in which they are tried; none is tried twice.
#[derive(Clone, Debug, Default)]
pub struct TargetSet {
    seen: Vec<Uri>,
    next: VecDeque<Redirect>,
    followed: usize,
    looped: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Redirect {
    /// The Request-URI.
    pub uri: Uri,
    /// It goes through this one first.
    pub proxy: Option<Uri>,
}

impl Redirect {
    /// Where the request is sent.
    pub fn place(&self) -> &Uri {
        self.proxy.as_ref().unwrap_or(&self.uri)
    }
}

/// Why there is no next target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// Only such as were tried before.
    Loop,
    /// None that can be used: no Contact, another scheme, or one that is less secure.
    Nowhere,
    TooMany,
}

/// Statuses that are followed. What 380 offers stands in its body, in no form that anybody defined (section 21.3.5); what is
/// unknown counts as 300 (section 8.1.3.2).
pub fn redirects(status: u16) -> bool {
    (300..400).contains(&status) && status != 380
}

impl TargetSet {
    /// The request to `asked` was answered with this status and these Contacts: they stand in its place, the preferred
    /// first, before what was left of the ones before.
    pub fn add(&mut self, asked: &Uri, status: u16, contacts: &[NameAddr]) {
        self.see(asked);
        self.looped = false;
        let mut contacts: Vec<&NameAddr> = contacts.iter().take(CONTACTS).collect();
        contacts.sort_by_key(|contact| std::cmp::Reverse(preference(contact)));
        let usable = contacts.into_iter().filter_map(|contact| target(&contact.uri, asked));
        let mut fresh = Vec::new();
        for uri in usable {
            if !self.see(&uri) {
                self.looped = true;
                continue;
            }
            fresh.push(match status {
                USE_PROXY => Redirect { uri: asked.clone(), proxy: Some(uri) },
                _ => Redirect { uri, proxy: None },
            });
        }
        fresh.into_iter().rev().for_each(|redirect| self.next.push_front(redirect));
    }

    /// `None` when there is none, or when enough have been tried.
    pub fn pop(&mut self) -> Option<Redirect> {
        if self.followed >= MOST {
            return None;
        }
        let next = self.next.pop_front()?;
        self.followed += 1;
        Some(next)
    }

    pub fn exhausted(&self) -> Exhausted {
        match self.looped {
            _ if self.followed >= MOST => Exhausted::TooMany,
            true => Exhausted::Loop,
            false => Exhausted::Nowhere,
        }
    }

    /// `false`: it was seen before.
    fn see(&mut self, uri: &Uri) -> bool {
        let fresh = !self.seen.iter().any(|seen| is_same(seen, uri));
        if fresh {
            self.seen.push(uri.clone());
        }
        fresh
    }
}

/// Stricter than RFC 3261 section 19.1.4, to which a parameter that only one has is nothing: servers tell places by them.
fn is_same(one: &Uri, other: &Uri) -> bool {
    let names = |uri: &Uri| {
        let mut names: Vec<String> = uri.params().iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    one.is_equivalent(other) && names(one) == names(other)
}

/// The Request-URI that a Contact stands for. Its headers could say anything in our name, so none is taken (RFC 3261 section
/// 19.1.5 lets us), and one for another method is none of ours. `sips:` leads to `sips:` only (section 26.2.2).
fn target(contact: &Uri, asked: &Uri) -> Option<Uri> {
    let known = matches!(contact.scheme(), Scheme::Sip | Scheme::Sips) && contact.host().is_some();
    let as_safe = contact.is_sips() || !asked.is_sips();
    if !known || !as_safe || contact.params().has("method") {
        return None;
    }
    let mut uri = contact.clone();
    uri.remove_headers();
    Some(uri)
}

/// In thousandths; who names none means the most (RFC 3261 section 20.10).
fn preference(contact: &NameAddr) -> u16 {
    let q = contact.params.value("q").and_then(|q| q.parse::<f32>().ok());
    q.map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap()
    }

    fn contacts(texts: &[&str]) -> Vec<NameAddr> {
        texts.iter().map(|text| NameAddr::read(text).unwrap()).collect()
    }

    fn order(set: &mut TargetSet) -> Vec<String> {
        std::iter::from_fn(|| set.pop()).map(|next| next.uri.to_string()).collect()
    }

    #[test]
    fn the_preferred_contact_comes_first_and_the_rest_in_their_order() {
        let mut set = TargetSet::default();
        let named = ["<sip:a@h>;q=0.1", "<sip:b@h>", "<sip:c@h>;q=0.7", "<sip:d@h>;q=nonsense"];
        set.add(&uri("sip:bob@h"), 300, &contacts(&named));
        assert_eq!(order(&mut set), ["sip:b@h", "sip:d@h", "sip:c@h", "sip:a@h"]);
    }

    #[test]
    fn nobody_is_visited_twice() {
        let mut set = TargetSet::default();
        set.add(&uri("sip:bob@h"), 302, &contacts(&["<sip:a@h>", "<sip:BOB@h>", "<sip:bob@H>"]));
        assert_eq!(set.pop().unwrap().uri.as_str(), "sip:a@h");
        set.add(&uri("sip:a@h"), 302, &contacts(&["<sip:bob@h>", "<sip:a@h>"]));
        assert_eq!(order(&mut set), ["sip:BOB@h"], "a user part has its case");
        assert_eq!(set.exhausted(), Exhausted::Loop);
        set.add(&uri("sip:a@h"), 302, &contacts(&["<sip:a@h;moved>", "<sip:a@h;MOVED>"]));
        assert_eq!(order(&mut set), ["sip:a@h;moved"], "a parameter makes it another place");
    }

    #[test]
    fn who_is_redirected_has_its_targets_tried_before_the_others() {
        let mut set = TargetSet::default();
        set.add(&uri("sip:bob@h"), 302, &contacts(&["<sip:a@h>", "<sip:b@h>"]));
        set.pop();
        set.add(&uri("sip:a@h"), 302, &contacts(&["<sip:a1@h>", "<sip:a2@h>"]));
        assert_eq!(order(&mut set), ["sip:a1@h", "sip:a2@h", "sip:b@h"]);
    }

    #[test]
    fn a_chain_has_an_end() {
        let mut set = TargetSet::default();
        let mut asked = uri("sip:bob@h");
        for step in 0..MOST {
            set.add(&asked, 302, &contacts(&[&format!("<sip:x{step}@h>")]));
            asked = set.pop().unwrap().uri;
        }
        set.add(&asked, 302, &contacts(&["<sip:y@h>"]));
        assert_eq!((set.pop(), set.exhausted()), (None, Exhausted::TooMany));
    }

    #[test]
    fn what_is_no_target_is_left_out() {
        let mut set = TargetSet::default();
        set.add(
            &uri("sips:bob@h"),
            302,
            &contacts(&["<sip:a@h>", "<tel:+1>", "<mailto:a@h>", "<sips:b@h?Route=x&a=b>"]),
        );
        assert_eq!(order(&mut set), ["sips:b@h"], "never down to sip:, and without headers");
        set.add(&uri("sips:b@h"), 302, &contacts(&["<sip:a@h>", "<sips:c@h;method=BYE>"]));
        assert_eq!((set.pop(), set.exhausted()), (None, Exhausted::Nowhere));
    }

    #[test]
    fn use_proxy_keeps_the_target() {
        let mut set = TargetSet::default();
        set.add(&uri("sip:bob@h"), 305, &contacts(&["<sip:proxy.example>"]));
        let next = set.pop().unwrap();
        assert_eq!((next.uri.as_str(), next.place().as_str()), ("sip:bob@h", "sip:proxy.example"));
        assert!(redirects(305) && redirects(399) && !redirects(380) && !redirects(400));
    }
}
