/// One word for each octet, in the order of the alphabet: short, plain English, made for being read aloud.
/// Their order is part of the protocol (`docs/protocol.md`): changing it changes every safety phrase.
#[rustfmt::skip]
pub(super) const WORDS: [&str; 256] = [
    "acorn", "alpine", "amber", "anchor", "apple", "april", "arrow", "atlas", "autumn", "bacon", "badge",
    "bakery", "bamboo", "banjo", "barley", "basket", "beacon", "beaver", "bishop", "blanket", "bonnet",
    "bottle", "branch", "bridge", "bronze", "bucket", "buffalo", "butter", "cabin", "cactus", "camel", "canal",
    "candle", "canyon", "carpet", "castle", "cattle", "cedar", "cello", "chapel", "cherry", "chess", "chimney",
    "cider", "cinema", "circus", "citrus", "clover", "cobalt", "coffee", "comet", "copper", "coral", "cotton",
    "coyote", "crayon", "cricket", "crystal", "cymbal", "dancer", "decade", "denim", "desert", "diamond",
    "dinner", "dolphin", "donkey", "dragon", "drawer", "drummer", "eagle", "easel", "eclipse", "elbow",
    "elephant", "ember", "emerald", "engine", "envelope", "fabric", "falcon", "farmer", "feather", "ferry",
    "fiddle", "finger", "flannel", "flute", "forest", "fossil", "fountain", "galaxy", "garden", "garlic",
    "gazelle", "ginger", "giraffe", "glacier", "glove", "goblet", "gopher", "granite", "gravel", "guitar",
    "hammer", "hammock", "harbor", "harvest", "hazel", "helmet", "hockey", "honey", "hotel", "hunter", "igloo",
    "indigo", "island", "ivory", "jacket", "jaguar", "jasmine", "jelly", "jigsaw", "jockey", "jungle", "kettle",
    "kitchen", "kiwi", "koala", "ladder", "lagoon", "lantern", "lemon", "leopard", "library", "lilac", "lizard",
    "lobster", "locket", "lumber", "magnet", "mango", "maple", "marble", "market", "meadow", "melon", "mirror",
    "mitten", "monkey", "moose", "mosaic", "mustard", "napkin", "nectar", "needle", "nickel", "noodle", "novel",
    "nugget", "oasis", "ocean", "octopus", "olive", "onion", "orange", "orchid", "otter", "oxygen", "oyster",
    "paddle", "palace", "panda", "paper", "parrot", "peanut", "pebble", "pelican", "pencil", "pepper", "piano",
    "picnic", "pigeon", "pillow", "pilot", "planet", "plaza", "pocket", "polar", "pony", "poppy", "potato",
    "prairie", "puzzle", "quartz", "quilt", "rabbit", "radar", "radish", "raven", "ribbon", "river", "robin",
    "rocket", "rodeo", "rubber", "saddle", "salmon", "sandal", "satin", "saturn", "scarf", "shadow", "shelter",
    "silver", "siren", "spider", "spiral", "spoon", "stable", "statue", "stereo", "summer", "sunset", "tango",
    "teapot", "temple", "thunder", "tiger", "timber", "tomato", "topaz", "tractor", "trumpet", "tulip",
    "tunnel", "turtle", "umbrella", "uncle", "vanilla", "velvet", "village", "violin", "volcano", "wagon",
    "walnut", "walrus", "whistle", "willow", "window", "winter", "wizard", "yellow", "yogurt", "zebra",
    "zipper",
];

#[cfg(test)]
mod tests {
    use super::WORDS;

    #[test]
    fn words_are_distinct_plain_and_in_order() {
        assert!(WORDS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(WORDS.iter().all(|word| (4..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())));
    }
}
