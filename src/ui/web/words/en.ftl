# The page
language = Language
skip = Skip to the content
back = Back to the start
again = Try again
cancel = Cancel
dismiss = Dismiss
save = Save
rename = Rename
agent-away = The agent does not answer. This page goes on as soon as it does; where it was started anew, open its page again: sottovoce page.
agent-slow = The agent takes long to answer. What you did waits for it.
page-broken = This part of the page cannot be shown.
shut = This page was not opened by you, or the agent was started anew.
shut-next = Open it from the terminal of the user who runs the agent:
what-to-do = What to do:
agent-words = In the agent’s own words
notify-call = { $who } is calling
notify-review = { $who } answered: please review

# Request
request-title = Whom would you like to talk to?
request-peer = SIP address, IP address, number or contact
request-example = sip:bob@example.org
request-ask = Ask first
request-call = Call
request-what = Ask for
request-presence = where they are
request-policy = how packets are to be protected
request-nothing = Choose at least one of the two.
asking = Asking { $who } …
asked-cancelled = You stopped asking { $who }.
asked-failed = { $who } could not be asked.
asked-presence-stored = { $who } answered.
asked-refused = You refused what { $who } asks for.
asked-registered = The policy with { $who } is registered.
calls-now = Calls
reviews-waiting = Waiting for your decision
recent = Recent calls
ask-again = Ask again
call-again = Call { $who } again
call-again-short = Call again
result-answered = answered
result-elsewhere = answered elsewhere
result-failed = failed
result-missed = missed
result-refused = refused
result-unanswered = not answered

# Protection, as a person is told of it
protection-esp = Encrypted and authenticated, always
protection-esp-ah = Encrypted and authenticated, addresses too, always
protection-esp-use = Encrypted if possible, otherwise in the clear
protection-ah-esp-use = Authenticated always, encrypted if possible
protection-ah = Authenticated, but anybody on the way can listen
protection-ah-use = Authenticated if possible; anybody on the way can listen
protection-srtp-require = Encrypted as telephones do it (SRTP), always
protection-srtp-use = Encrypted as telephones do it (SRTP), if possible
protection-none = Not protected: anybody on the way can listen
protection-discard = Blocked: nothing passes
as-esp = encrypted and authenticated, always
as-esp-ah = encrypted and authenticated, addresses too, always
as-esp-use = encrypted if possible, and otherwise in the clear
as-ah-esp-use = authenticated always, encrypted if possible
as-ah = authenticated, but readable by anybody on the way
as-ah-use = authenticated if possible, and readable by anybody on the way
as-srtp-require = encrypted by SRTP, always
as-srtp-use = encrypted by SRTP, if possible
as-none = unprotected
as-discard = not at all: it blocks every packet
carries-esp = Encrypted and authenticated, from device to device
carries-ah = Authenticated, but anybody on the way can listen
carries-sdes = Encrypted by SRTP; every proxy that the call's messages pass can listen
carries-dtls = Encrypted by SRTP; who changes the call's messages on the way, and only he, can listen
carries-making = Keys are being made: nothing is heard before
carries-gateway = Protected as far as a gateway; behind it as its own network has it
carries-forwards = You are its gateway: your own part of the way is protected
carries-tunnel = A tunnel to a gateway, for another call
carries-less-out = What you say is protected less than what you hear
carries-less-in = What you hear is protected less than what you say
carries-clear = Not protected: anybody on the way can listen
security = What protects this call
security-since = since { $time }
security-conference = Three are talking: as safe as the weaker of both calls
security-recorded = recorded
security-rule = rule
security-dropped =
    { $count ->
        [0] No packet was dropped.
        [one] One packet was dropped:
       *[other] { $count } packets were dropped:
    }
dropped-addresses = between other addresses
dropped-bad-icv = altered, or under other keys
dropped-compression = cannot be unpacked
dropped-congestion = the line was full
dropped-destination = for somewhere else
dropped-dummy = empty on purpose
dropped-exhausted = keys are used up
dropped-forbidden = the policy forbids it
dropped-malformed = malformed
dropped-mode = in another mode than agreed
dropped-no-consent = nobody there took it any more
dropped-padding = wrongly padded
dropped-payload-type = of another codec
dropped-policy = less protected than the policy demands
dropped-ports = between other ports
dropped-rate = too many at once
dropped-replay = came a second time
dropped-source = from elsewhere
dropped-sources = of too many sources
dropped-stranger = not from who this tunnel is for
dropped-too-long = too long
dropped-unknown-spi = under keys that do not hold here
dropped-unprotected = not protected as the policy demands
dropped-unrecognised = not part of a call
dropped-unsealed = not under these keys

# Review
review-title = { $who }: review before you talk
review-show = What is shown
show-both = Both
show-presence = Presence
show-policy = Policy
review-gone = This review is over.
review-until = open until
review-missing = A call was refused because this was missing:
review-state-declined = Not agreed
review-state-failed = Not registered
review-state-looser = Less than they ask
review-state-pending = Waiting for you
review-state-proposed = Waiting for them
review-state-refused = Refused
review-state-registered = Registered
review-state-stale = Overtaken by another change
review-state-storing = Being registered
review-state-agreed = Agreed
review-state-countered = They are told that you would accept this instead.
review-agreed-next = It is in force as soon as they call under it.
review-countered-next = What you have stays in force until they agree and call under it.
review-stale-next = The policies changed while this was open. Ask again.
answered-by = Answered by { $who }
by-page = this or another page
by-terminal = the terminal
by-flag = a command
by-control = a program
by-timeout = nobody, in time
where-private = { $who } is on a private network,
where-public = { $who } is on a public network,
where-unknown = { $who } does not say where they are,
asks = and would exchange voice with you { $what }.
asks-differ = Some packets are treated differently: see below.
asks-proposal = and proposes that voice be exchanged { $what }.
asks-counter = and would accept that voice be exchanged { $what }.
advice-enough = That is enough.
advice-more = That is too little. We suggest: { $least }.
advice-less = That is more than is needed here. This would do: { $least }.
advice-why = Why?
suggestion-apply = Use this
suggestion-applied = Chosen
note-of = { $who } writes:
register = Register
register-call = Register and call
register-go-on = Register and go on
refuse = Refuse
call-now = Call now
ask-peer-first = Ask them for it
looser-asks = This protects less than { $who } asks for. They would drop your packets, so they are asked first.
looser-asks-proposal = This is another policy than { $who } proposes. They are told that you would accept it; nothing changes before they agree.
looser-asks-counter = This is another policy than { $who } would accept. They are asked for it; nothing changes before they agree.
looser-note = A word to them
differences = What your choice means
field = Field
difference-yours = Your choice
difference-theirs = They ask
difference-theirs-proposal = They propose
difference-theirs-counter = They would accept
difference-now = Registered now
relation-tighter = tighter
relation-looser = looser
relation-same = the same
relation-incomparable = different
field-out = to them:
field-in = from them:
field-action = action
field-level = level
field-mode = mode
field-suites = ciphers
cost = Adds { $octets } octets to each packet, { $kbits } kbit/s each way.
cost-none = Adds nothing to packets.
more-than-needed = more than needed
below-advice = less than advised
key-changed-title = { $who } has another key than before
key-changed-what = Either they have a new device, or somebody stands in between. Compare the new fingerprint with them, by a way that nobody can forge, before you go on.
key-known = You know
key-now = Now it is
key-accept = I compared it: accept the new key

# Presence
presence-title = Presence
presence-user = User
presence-place = Place
presence-network = Network
presence-entity = SIP address
presence-address = IP address
presence-time = As of
not-told = not told
says-itself = says itself:
scope-private = private network
scope-public = public network
scope-unknown = unknown network
evidence-address = judged by the address
evidence-user = their own word
evidence-network = known by the network
surroundings-not-asked = You did not ask.
surroundings-withheld = They do not tell.
address-seen = where the answer came from
address-told = as they say
key = Key
key-new = new: never seen before
key-pinned = the one you know
key-verified = verified: you compared the safety phrase
key-changed = CHANGED
key-echo = built in: it is this program’s own
key-accepted = new, accepted by you
fingerprint = Fingerprint
signed = signed, and the signature holds
unsigned = not signed
received = received

# Policy form
policy-title = Policy
policy-choose = How packets between you are treated
policy-own-mix = Your own mixture, below.
policy-every-field = Every field
entry-ends = It ends
entry = Entry
entry-number = Entry { $number }
our-address = Your address
their-address = Their address
ports = Ports
any = any
upper = Protocol
upper-udp = UDP
upper-tcp = TCP
upper-any = any
direction = Direction
direction-both = both
direction-out = to them only
direction-in = from them only
action = Action
action-discard = discard
action-none = none
action-ipsec = ipsec
protocol-ah = AH
    .what = authenticates, addresses too
protocol-esp = ESP
    .what = encrypts and authenticates
protocol-ipcomp = IPComp
    .what = compresses
level = Level
level-default = default
level-use = use (if possible)
level-require = require (always)
level-unique = unique (always, keys of its own)
mode = Mode
mode-transport = transport
mode-tunnel = tunnel
tunnel-from = From
tunnel-to = To
peer-cannot = they cannot
impossible-no-protocol = With ipsec at least one of AH and ESP is needed.
impossible-only-ipcomp = IPComp compresses and protects nothing: add AH or ESP.
impossible-unsupported = Their device does not support a protocol that you chose.
impossible-no-tunnel = Their device cannot do tunnel mode.
impossible-tunnel-ends = A tunnel needs an address at each end.

# Call
call-active = talking
call-asking = asking first
call-declined = declined
call-ended = ended
call-failed = failed
call-held = on hold
call-held-by-peer = held by them
call-incoming = is calling you
call-inviting = calling
call-reviewing = waiting for your review
call-ringing = ringing
call-wanted = somebody asks you to place this call
call-gone = This call is over.
caller-unproven = not proven to be them
answer = Answer
reject = Reject
hangup = Hang up
mute = Mute
unmute = Unmute
hold = Hold
resume = Go on
sound = Sound
level-you = You
level-them = They
decibels = { $db } dB
quality-none = Not measured yet.
quality-mos = Quality
quality-lost = Lost packets
quality-jitter = Jitter
quality-round-trip = Round trip
mos-good = Sounds good
mos-fair = Sounds fair
mos-poor = Sounds poor
mos-bad = Sounds bad
keys = Keys
key-star = star
key-hash = hash
digits-pressed = Keys pressed
digits-theirs = They press:
transfer = Transfer
transfer-to = To whom
transfer-to-call = Connect them with { $who }
transfer-asking = Asking to be connected with { $who } …
transfer-trying = Being connected with { $who } …
transfer-ringing = It rings at { $who }.
transfer-done = Connected with { $who }.
transfer-failed = Not connected with { $who }.
moved-peer = { $who } moved: { $scope } now.
moved-you = You moved: { $scope } now.
tighten-to = Tighten to
nav-home = Start

# Failures: in English the agent says what happened, but for what SIP says by a number; what it advises for a terminal is said here as this page does it
problem-ambiguous-peer =
    .next = Type the whole SIP address.
problem-busy = { $subject } is busy.
    .next = Call later.
problem-declined = { $subject } did not take the call.
    .next = Try again later.
problem-device-gone =
    .next = Plug it in again, or choose another in the settings, under Sound.
problem-device-unopened =
    .next = Another program may have it for itself. Choose another on this page.
problem-import-large = The file is larger than 256 MiB.
problem-impostor =
    .next = Ask { $subject } again: that finds the real one.
problem-no-device-name =
    .next = Choose another.
problem-no-devices =
    .next = Choose both on this page.
problem-no-phone-account =
    .next = Add one under Accounts.
problem-no-such-device =
    .next = Plug it in, or choose another.
problem-nothing-to-tighten =
    .next = Go on as it is, or choose more protection.
problem-peer-unknown =
    .next = Hang up, ask it, approve a policy, and call it.
problem-proposal-came =
    .next = Review it on the start page.
problem-refused-by-peer-policy =
    .next = Ask first, and register what is needed.
problem-stranger-asks =
    .next = Answer under People.
problem-telephone-in-call =
    .next = Change its entry under Policies, then hang up and call again.

# Rooms and their parts
nav = Main parts
nav-people = People
nav-policies = Policies
nav-past = History
nav-settings = Settings
people-contacts = Contacts
people-presences = Where they are
people-watchers = Who may know of you
policies-entries = Entries
policies-changes = Changes
policies-files = Import and export
past-calls = Calls
past-messages = Texts
past-audit = Audit
settings-you = You
settings-accounts = Accounts
settings-places = Places
settings-sound = Sound
settings-agent = Program

# Call: what one can do besides
call-more = More
protect = Change protection
protect-as = From now on
protect-tighter = Protect more now
protect-looser = Ask to protect less
protect-how = More protection holds at once, with new keys. For less, { $who } is asked first.
protect-rekeying = New keys are being agreed; what lacks protection is not sent until then …
relax-asking = They are being asked …
relax-reviewing = They have answered: your review waits on the start page.
relax-registered = Agreed: the call goes on with less protection.
relax-refused = Refused: the protection stays.
relax-failed = Not agreed: the protection stays.
relax-cancelled = Cancelled: the protection stays.
record = Record
record-begin = Begin recording
record-stop = End recording
record-tone = They hear a beep every 15 seconds
record-silent = They are not told. Many laws want everybody to know that a call is recorded.
record-into = Both sides are recorded into
record-in = The recording is
conference = Talk as three
conference-nobody = Call a second person first, or answer one: then both can be put together.
conference-join = Put together with { $who }
conference-with = { $who } takes part. Everybody hears everybody.

# What the agent says: its own sentences are those of the English catalogue (core/said.js), word for word
said-outside-you = You are outside: others can listen to and change what you send.
said-unknown-you = Nobody knows where you are, so the worst is assumed.
said-not-asked = The peer's surroundings were not asked for, so the worst is assumed.
said-withheld = The peer does not tell where it is, so the worst is assumed.
said-outside-peer = The peer is outside: others can listen to and change what is sent.
said-unknown-peer = The peer does not know where it is, so the worst is assumed.
said-same-network = Both of you are on a private network, judged by the same evidence.
said-other-network = Both of you say private, but by different evidence: it need not be the same network.
said-acquaintance = The peer is an acquaintance of yours.
said-family = The peer is of your family.
said-friend = The peer is a friend of yours.
said-own = The peer is a device of your own.
said-advertising = It is advertising: where all of it is public, one grade less will do.
said-business = It is business, which is one grade more than in private.
said-own-affair = It is your own affair, as private as a talk.
said-private = It is private.
said-confidential = What is said is confidential, and is to be protected even among yourselves.
said-personal = What is said is personal.
said-public = What is said may be known to everybody, so less will do.
said-cost-use = Encryption with authentication (esp) wherever the peer can do it is enough, and adds { $octets } octets and about 0.2 µs of CPU to each packet.
said-cost-require = Encryption with authentication (esp) is enough, and adds { $octets } octets and about 0.2 µs of CPU to each packet.
said-cost-none = No protection costs nothing.
said-below = The policy under review protects less than that.
said-enough = The policy under review is just that.
said-more = The policy under review protects more than needed.
said-infer-same = Our inference: both addresses are private: perhaps the same network, which a private address cannot prove.
said-infer-other = Our inference: theirs is private, yours is not: they are on some other network.
said-infer-outside = Our inference: yours is private, theirs public: probably outside.
said-infer-public = Our inference: both addresses are public: the packets cross the Internet.
said-infer-nothing = Our inference: their address tells nothing of where they are.
said-no-fact = { $inference } That is no fact, and makes nothing safer.
said-end-you = you hung up
said-end-peer = the peer hung up
said-end-peer-why = the peer hung up ({ $why })
said-end-call = the call ended
said-end-gave-up = the caller gave up
said-end-gave-up-why = the caller gave up ({ $why })
said-end-elsewhere = Call completed elsewhere
said-end-nobody = nobody answered
said-end-nobody-why = nobody answered at { $who } ({ $why })
said-end-nobody-at = nobody answered at { $who }
said-end-rejected = you rejected it
said-end-rejects = calls are rejected here
said-end-busy-call = you were busy: call { $call } runs
said-end-busy = you were busy
said-end-quiet = it is quiet here now
said-end-stops = the agent stops
said-end-replaced = call { $call } took its place
said-end-time = its time is over
said-end-played = played to the end
said-end-killed = the agent was killed, or the power failed, while it ran; how long is not known
said-end-silent = { $who } did not answer
said-end-unreachable = { $who } cannot be reached: { $why }
said-step-lookup = looking up { $host }
said-step-sent-by = SUBSCRIBE to { $address } by { $transport }, waiting for the answer
said-step-sent = SUBSCRIBE to { $address }, waiting for the answer
said-step-telephone = no answer: it is called as an ordinary telephone, in clear
said-step-asked = the peer's user is being asked whether you may know
said-step-answered = the answer came, signed and checked
said-step-rule = a rule of yours approves it
said-answer-busy = 486 Busy Here
said-answer-declined = 603 Decline
said-end-answered = { $who } answered { $what }
said-step-waited = no answer yet after { $seconds } s; { $then } after 32 s
said-step-given-up = it is given up
said-step-another = another address is tried
said-check-clock = the clock says { $time }
said-check-configuration = { $file }; you are { $entity }
said-check-no-file = no file, all defaults
said-check-own = { $what } is yours alone
said-check-disk = a file was written there, and removed
said-check-store = version { $number }
said-check-memory = memory: nothing is left on disk
said-check-door = an agent runs here and answers; its ports are its own
said-check-silence = silence
said-check-none = none
said-check-echo = what the peer says, a moment later
said-check-tone = a tone of { $hertz } Hz
said-check-registered = { $who } at { $server }: registered
said-check-waiting = { $who } at { $server }: not registered yet
said-check-waiting-why = { $who } at { $server }: not registered: { $why }
said-check-refused = { $who } at { $server }: refused: { $why }
said-place-outside = as if outside
# People and history
people-more = Show more ({ $count } left)
people-write = Write
people-more-of = Details
people-add = Add a contact
people-seek = Search contacts: name, address, group, note
people-none = Nobody yet. Save those whom you talk to: a name works wherever an address does.
people-none-found = Nothing matches.
people-name = Name
people-peer = SIP address
people-group = Group
people-no-group = no group
people-addresses = Further addresses
people-addresses-hint = E-mail addresses and telephone numbers, with commas between them
people-note = Note
people-saved = Saved
people-since = since
people-change = Change
people-remove = Remove
people-remove-sure = Remove { $who }? The keys and the policy for this contact stay.
people-key-verified = verified
    .why = You compared the safety phrase with this contact.
people-key-pinned = known, not compared
    .why = You approved a key, and did not compare the safety phrase yet.
people-key-none = no key yet
    .why = Ask first: then you approve its key and policy.
people-unapproved = no policy approved yet
people-unproven = What the group says does not count yet: no key of this contact is approved. Ask first.
people-groups = Groups
people-groups-what = What a group says counts for members who prove who they are, by keys that you approved.
people-group-add = Add a group
people-group-own = Own devices
people-group-family = Family
people-group-friend = Friends
people-group-acquaintance = Acquaintances
people-group-unknown = Everybody else
people-group-name-hint = a to z, 0 to 9 and -, as: work
people-group-remove-sure = Remove the group { $who }? What it says is forgotten.
people-members =
    { $count ->
        [0] no members
        [one] one member
       *[other] { $count } members
    }
people-relation = They are to you
people-relation-own = own devices
people-relation-family = family
people-relation-friend = friends
people-relation-acquaintance = acquaintances
people-told = Told
people-told-allow = your policy and your place
people-told-policy-only = your policy, not your place
people-told-ask = nothing, until you answer
people-told-polite-block = that you are away
people-told-block = nothing: refused
people-approve = Approved by itself
people-approve-never = nothing: you are always asked
people-approve-advised = whatever is not below the advice
people-rings = In quiet hours
people-rings-yes = rings
people-rings-no = waits
people-rings-tick = May call and ask in quiet hours
people-unknown-what = The configuration of the agent says this, under [watchers].
people-own = You
people-own-change = Change who and where
people-own-what = Whoever may know is told this:
people-own-place-hint = As you would say it: office, train to Bern
people-own-back = Back to what is configured
people-peers = Who was asked
people-seek-presence = Search: name, place, address
people-no-presence = Nobody was asked yet.
people-mail = E-mail
people-no-mail = none
people-name-back = As they say
people-device = Device
people-valid = Good until
people-forget = Forget
people-forget-sure = Forget where { $who } was, and the names that you gave? Keys and policy stay.
people-follow = Follow
people-unfollow = Follow no more
people-following = Whom you follow
people-following-what = You are told when they move, and another policy is put to you for review.
people-follow-whom = Follow whom: SIP address or contact
people-heard = last heard of
people-again = tried again
people-watch-active = followed
people-watch-idle = follows only while the agent stays
people-watch-no-server = waits for the account
people-watch-pending = they are being asked
people-watch-recovering = connection lost, asking again
people-watch-refused = refused
people-watch-subscribing = asking
people-watch-waiting = failed, tried again
people-waiting =
    { $count ->
        [one] Somebody waits for your answer
       *[other] { $count } wait for your answer
    }
people-waiting-what = They want to know where you are. Until you answer they are told nothing.
people-followers = Who follows you
people-no-followers = Nobody.
people-answers = What you answered before
people-answers-what = They do not follow you now. Your answer counts when they come again.
people-at-server = At the server of
people-at-server-what = These follow what is published there. It is the server's word, and nothing of it is proven.
people-nobody-known = Somebody
people-answer-group = What to tell
people-answer-allow = Allow
people-allow-sure = Tell { $who } your policy and your place, now and whenever they change?
people-allow-yes = Tell them
people-answer-policy-only = Policy only
people-answer-polite-block = Block politely
people-answer-block = Block
people-answer-forget = Take back
people-answer-forget-what = Its group decides again, or the configuration
people-answered = you answered
people-watcher-pending = nothing yet
people-watcher-waiting = nothing; it left without an answer
people-watcher-unproven = not proven
people-watcher-until = refused without an answer by
past-new = new
past-in = came
past-out = yours
past-more = Show more
past-seek = Contact, or part of an address
past-result = What became of it
past-any-result = whatever became of it
past-any-way = both directions
past-none = No calls yet.
past-none-found = No such calls.
past-forget-all = Forget the whole history
past-forget-all-sure = Forget every call? The audit table keeps what it has.
past-forget-these = Forget these calls
past-forget-these-sure = Forget every call that the filter above lets through, also older ones that are not shown? The audit table keeps what it has.
past-forgotten =
    { $count ->
        [one] One call was forgotten.
       *[other] { $count } calls were forgotten.
    }
past-began = Began
past-talked = Talked
past-protection = Protection
past-rule = Rule
past-why = Why it ended
past-packets = Packets
past-packets-of = { $sent } sent, { $received } received
past-save = Save as contact
past-only = Only these
past-clear = Everybody on the way can read texts, and nothing proves who wrote one. Call for what is confidential.
past-talks = With whom
past-no-messages = No texts yet. They are kept until the agent ends.
past-write-title = Write a text
past-text = Text
past-send = Send, readable on the way
past-send-open = Send it all the same: anybody may read it
past-too-long = This is longer than a text may be.
past-text-delivered = delivered
past-text-failed = not delivered
past-text-kept = kept for them by a server
past-text-received = received
past-text-sending = being sent
# Policies and audit
policies-order = Entries, the first that fits rules
policies-add = Add an entry
policies-packet = Test a packet
policies-back = ← All entries
policies-rule =
    { $ways ->
        [in] Voice from { policies-whose }: { $what }
        [out] Voice to { policies-whose }: { $what }
       *[both] Voice to and from { policies-whose }: { $what }
    }
policies-whose =
    { $kind ->
        [address] whoever is at { $name }
        [device] one device of { $name }
        [device-alone] the device { $name }
        [entity] { $name }
        [group] contacts in { $name }
       *[everybody] everybody
    }
policies-state-enabled = in force
policies-state-disabled = disabled
policies-state-expired = expired
policies-action-ipsec = protected (ipsec)
policies-action-none = in the clear (none)
policies-action-discard = blocked (discard)
policies-until = until
policies-elsewhere = approved for another place: the next call is reviewed first
policies-origin = Approved by
policies-origin-config = by the configuration
policies-origin-import = by you, from a file
policies-origin-review = in a review
policies-origin-user = by you
policies-filter-text = Search
policies-filter-peer = Peer, device or group
policies-filter-state = State
policies-any = all
policies-view = Show as
policies-view-words = Words
policies-count =
    { $count ->
        [one] One entry.
       *[other] { $count } entries.
    }
policies-count-of = { $count } of { $all } entries.
policies-none = There is no entry yet: the default below rules all calls. Ask somebody, or add an entry.
policies-more = Show more ({ $count } left)
policies-beyond = { $count } more are there than this list holds. The agent finds those of a peer, group or IP address that you type in full.
policies-seek = Find those of { $what }
policies-sought = These were found by
policies-all = Show all again
policies-default = Default for everybody else
policies-default-hint = It rules whatever no entry above speaks of, and always exists.
policies-default-set = Set another default
policies-default-done = The default is set.
policies-default-back = Back to the configuration’s
policies-default-back-done = The configuration’s default is in force again.
policies-pending = Agreed on, and not used yet
policies-pending-with = with
policies-gone = This entry is there no more. What became of it:
policies-edit = Edit
policies-edit-title = Change this entry
policies-edit-hint = Both directions are changed together. What you do not touch stays as it is.
policies-edit-hint-agreed = Both directions are changed together. You may tighten this at once. Looser than was agreed on is not saved: you are told, and can ask them.
policies-edit-ways = An edit keeps both directions. For one alone, remove this entry and add another.
policies-edited = The entry is changed.
policies-ends = Set its end
policies-ends-when = It is kept when it ends, and rules no longer. When?
policies-ends-hour = in an hour
policies-ends-day = in a day
policies-ends-week = in a week
policies-ends-at = At
policies-ends-set = The end is set.
policies-never = never
policies-enable = Enable
policies-disable = Disable
policies-enabled-now = The entry is in force again.
policies-disabled-now = The entry is kept, and not in force.
policies-remove = Remove
policies-removed = Removed: { policies-rule }
policies-own-entries = own entries
policies-undo = Undo
policies-undo-which = Undo change { $number }, { $what }
policies-undone = Taken back.
policies-for = For
policies-device = device
policies-group = group
policies-padding = Padding
policies-padding-on = every packet has one size
policies-padding-off = none
policies-priority = Priority
policies-place = Approved for
policies-place-both = you: { $ours }; they: { $theirs }
policies-until-field = Holds until
policies-note = Note
policies-write-as = Write as
policies-as-form = Form
policies-as-lines = setkey lines
policies-lines = Lines as of setkey, or rules alone
policies-lines-hint = As “spdadd any 192.168.1.9 udp -P out discard;” or “ipsec esp/transport//require”.
policies-nothing-typed = Nothing is written yet.
policies-to-review = To the review
policies-add-title = Add an entry
policies-add-do = Add
policies-add-whom = Say first whom it is for.
policies-kind-entity = a person
policies-kind-device = one device
policies-kind-group = a contact group
policies-kind-everybody = everybody
policies-name-entity = Contact or SIP address
policies-name-device = Device
policies-name-group = Contact group
policies-added =
    { $count ->
        [one] Added: { $ids }
       *[other] { $count } added: { $ids }
    }
policies-there = Nothing new: it is there already, as { $ids }.
policies-packet-title = Which entry would rule this packet?
policies-packet-out = from you to them
policies-packet-in = from them to you
policies-packet-test = Test
policies-port-ours = Your port
policies-port-theirs = Their port
policies-ruled = This entry rules it:
policies-ruled-default = The default rules it:
policies-changes-title = Changes, the newest first
policies-changes-hint = An undo is a change too, and can be taken back.
policies-changes-none = Nothing was changed yet.
policies-changes-more = Show more
policies-changes-most = Older changes stand in the audit table.
policies-change-whose = Voice with { policies-whose }:
policies-change-gone = gone
policies-change-then = →
policies-change-before = before:
policies-change-after = after:
policies-change-lines =
    { $count ->
        [one] One line
       *[other] { $count } lines
    }
policies-change-more = And { $count } more.
policies-generation = generation { $number }
policies-history-of = Its changes
policies-by-config = by the configuration
policies-by-import = by you, from a file
policies-by-review = in a review
policies-by-user = by you
policies-kind-agreed = Agreed
policies-kind-approved = Approved
policies-kind-call = Call
policies-kind-disabled = Disabled
policies-kind-downgrade = Downgrade
policies-kind-edited = Edited
policies-kind-enabled = Enabled
policies-kind-expiry = End set
policies-kind-key-changed = Key changed
policies-kind-key-pinned = Key accepted
policies-kind-key-replaced = Key replaced
policies-kind-key-verified = Key verified
policies-kind-lapsed = Lapsed
policies-kind-moved = Moved
policies-kind-place = Place
policies-kind-proposal = Proposal
policies-kind-redirected = Redirected
policies-kind-refused = Refused
policies-kind-rekeyed = Keys renewed
policies-kind-removed = Removed
policies-kind-statement = Statement
policies-kind-strangers = Strangers
policies-kind-transfer = Transfer
policies-kind-undone = Taken back
policies-kind-watcher-answered = Watcher answered
policies-kind-account-added = Account added
policies-kind-account-removed = Account removed
policies-kind-contact-added = Contact added
policies-kind-contact-changed = Contact changed
policies-kind-contact-removed = Contact removed
policies-kind-group-added = Group added
policies-kind-group-changed = Group changed
policies-kind-group-removed = Group removed
policies-kind-not-agreed = Not agreed
policies-kind-proposal-answered = Proposal answered
policies-kind-proposal-decided = Proposal decided
policies-kind-proposed = Proposed
policies-kind-vouched = Device vouched for
policies-import = Import
policies-import-hint = spdadd lines, or JSON as the export writes it. Entries are added, none is taken away; the default stays. Choose a file, drop it here, or paste a text.
policies-import-file = File
policies-import-text = Text
policies-import-other = Choose something else
policies-import-chosen = { $name }: { $count } lines
policies-import-do = Import
policies-import-sure = Add the entries of this text?
policies-import-yes = Add them
policies-import-counting = Counting …
policies-import-found =
    { $count ->
        [0] No entry is found in it.
        [one] It has one entry:
       *[other] It has { $count } entries:
    }
policies-import-unread = cannot be read
policies-import-open =
    { $count ->
        [one] One of them lets packets pass in the clear.
       *[other] { $count } of them let packets pass in the clear.
    }
policies-import-tunnels =
    { $count ->
        [one] One of them sends packets through a tunnel, to whoever is at its end.
       *[other] { $count } of them send packets through a tunnel, to whoever is at its end.
    }
policies-import-off =
    { $count ->
        [one] One of them is switched off.
       *[other] { $count } of them are switched off.
    }
policies-import-mirrored = What is said of one direction alone will hold for the other too.
policies-import-way = { $sent } of { $parts } parts, { $added } entries added
policies-import-added =
    { $count ->
        [0] Nothing new.
        [one] One entry was added.
       *[other] { $count } entries were added.
    }
policies-import-skipped =
    { $count ->
        [one] One was there already.
       *[other] { $count } were there already.
    }
policies-import-left = Left after { $sent } of { $parts } parts; what was added stays.
policies-import-before = The { $sent } of { $parts } parts before it are in force.
policies-import-line = Line { $line }:
policies-export = Export
policies-export-format = Form
policies-format-setkey = setkey
    .what = spdadd lines, each field; can be imported
policies-format-json = JSON
    .what = with the names of RFC 9061; can be imported
policies-format-xfrm = ip xfrm
    .what = commands for a Linux kernel
policies-format-swanctl = swanctl
    .what = a configuration for strongSwan
policies-export-save = Save as a file
policies-export-show = Show
policies-export-text = Generation { $generation }
policies-export-cut = { $shown } of { $all } lines are shown; the file has all of them.
policies-left-out =
    { $count ->
        [one] One entry could not be told in this form:
       *[other] { $count } entries could not be told in this form:
    }
past-audit-title = Audit table
past-audit-hint = What was approved, changed, called and refused. Rows are only ever added.
past-audit-text = Peer or text
past-audit-kind = Kind
past-audit-number = No.
past-audit-time = Time
past-audit-subject = About
past-audit-detail = What
past-audit-count =
    { $count ->
        [one] One row.
       *[other] { $count } rows.
    }
past-audit-filtered = { $count } of the { $all } newest rows.
past-audit-older-there = Older rows are not loaded yet, and not searched.
past-audit-none = Nothing happened yet.
past-audit-more = Show older rows
past-audit-further = Search { $count } older rows
past-audit-export =
    { $count ->
        [one] Save this row
       *[other] Save these { $count } rows
    }
# Settings and guide
settings-accounts-hint = With an account at a SIP server others reach you by a name, wherever you are. In your own network you need none.
settings-accounts-none = No account. Others reach you by your address.
settings-account-add = Add an account
settings-account-add-it = Add
settings-account-added = { $who } is added. It registers now, and after every start.
settings-account-again = tried again:
settings-account-configured = It stands in the configuration file, and is changed and removed there, under
settings-account-field-entity = SIP address
settings-account-field-expires = Registered for so many seconds at a time
settings-account-field-mailbox = Ask the server for voice messages
settings-account-field-password = Password
settings-account-field-phone_context = Where short numbers are valid
settings-account-field-proxy = Server, if not found by the domain
settings-account-field-publish = Publish at the server what unknown people may know
settings-account-field-realm = Realm, if not the domain
settings-account-field-second_proxy = Second server beside it
settings-account-field-user = User of the password, if another one
settings-account-field-watchers = Ask the server who follows you
settings-account-gruu = Address of this device alone
settings-account-heard = Server last heard of
settings-account-idle = not needed
settings-account-left = signed off
settings-account-more = More: server, user, voice messages
settings-account-not-running = not running
settings-account-password-hint = The agent keeps it encrypted and shows it to nobody. Leave it empty if the server wants none.
settings-account-proxy = Server
settings-account-publication = Published
settings-account-recovering = connection lost, being renewed
settings-account-refused = refused: not tried again
settings-account-registered = registered
settings-account-registering = registering …
settings-account-remove = Remove
settings-account-removed = { $who } is removed, with its password.
settings-account-resolving = looking for the server …
settings-account-route = Way through the server
settings-account-seen = seen there as
settings-account-sure = Remove { $who }? Its password is deleted, and nobody reaches you by this name any more.
settings-account-until = until
settings-account-user = User
settings-account-waiting = not registered
settings-account-way = Way { $number }
settings-answer = Incoming calls
settings-answer-auto = are answered by themselves
settings-answer-prompt = ring, and you answer
settings-answer-reject = are rejected
settings-by-name = By which name both devices are known
settings-by-own = this telephone’s own
settings-check-account = Account
    .next = See Accounts.
settings-check-audio-input = Microphone
    .next = Choose a microphone under Sound.
settings-check-audio-output = Loudspeaker
    .next = Choose a loudspeaker under Sound.
settings-check-audio-ring = Ringing
    .next = Choose under Sound where it rings.
settings-check-clock = Clock
settings-check-configuration = Configuration
settings-check-data-dir = Data directory
settings-check-disk = Disk
settings-check-door = Agent
settings-check-identity = Keys
settings-check-is-fail = does not work
settings-check-is-ok = well
settings-check-is-warn = look at it
settings-check-store = Databases
settings-close = Close all pages
settings-close-hint = Every open page of this telephone, this one too, has to be opened anew. The agent goes on.
settings-close-sure = Close all pages? This one is opened again by “sottovoce page” in a terminal.
settings-close-yes = Close them
settings-compared = compared
settings-copied = Copied
settings-copy = Copy
settings-data = Data
settings-data-none = in memory alone: nothing is left on disk
settings-device = Device
settings-device-default = the machine’s own choice
settings-device-gone = This device is not there now: plug it in, or choose another.
settings-device-none = none
settings-devices = Devices
settings-doctor = Is all well?
settings-doctor-again = Look again
settings-doctor-all = What is well
settings-doctor-found =
    { $count ->
        [0] All is well.
        [one] One thing to look at.
       *[other] { $count } things to look at.
    }
settings-door = Door of this page
settings-echo-cancellation = Echo of what you hear is taken out
settings-ends = End
settings-every-detail = Every detail
settings-evidence-address = judged by your address
settings-evidence-network = the configuration knows this network
settings-evidence-user = you said so
settings-file = What the configuration file says
settings-file-hint = Who is let in, quiet hours, networks, ciphers and the like are read at the start, from a file. The most wanted lines:
settings-file-lines = Lines for the configuration file
settings-file-none = There is no file yet. Make it:
settings-file-then = It is read at the next start:
settings-file-where = The agent has read this file:
settings-gain-control = Your voice is made as loud as a voice should be
settings-guide = Go through the first steps
settings-input-gain = Your voice louder by
settings-introduce = Give these words to your older device, and compare the fingerprint there with the one above. It answers with a word for this device.
settings-introduction = This device’s words
settings-keylog = The keys of every call are written to a file: whoever reads it can decrypt your calls.
settings-listens = Calls come in at
settings-looking = Looking …
settings-mail-asking = Asking the server for voice messages …
settings-mail-new =
    { $count ->
        [0] No new voice messages.
        [one] One new voice message.
       *[other] { $count } new voice messages.
    }
settings-mail-nothing = No voice messages wait.
settings-mail-old = { $count } heard before
settings-mail-refused = The server tells nothing of voice messages.
settings-mail-urgent = { $count } urgent
settings-mail-waiting = The server does not tell of voice messages now; it is asked again.
settings-mail-waits = Voice messages wait.
settings-more = Show more ({ $count } left)
settings-name = Your name
settings-name-hint = People whom you let know see it when you call. Empty: as configured.
settings-new-elsewhere = The new device is another one, and this one is older
settings-new-here = This is the new device
settings-no-devices = This machine has no sound device that the agent finds. Start PulseAudio or PipeWire, or plug a headset in.
settings-noise-suppression = Noise behind your voice is made quieter
settings-not-compared = not compared yet
settings-notify-ask = Allow notifications
settings-notify-default = Notifications: the browser was not asked yet.
settings-notify-denied = Notifications: forbidden. The browser’s own settings for this address allow them again.
settings-notify-granted = Notifications: allowed. They come when this page is not in sight.
settings-notify-missing = Notifications: this browser has none.
settings-off = no
settings-on = yes
settings-output-gain = What you hear louder by
settings-phrase = Safety phrase with { $who }
settings-phrase-hint = { $who } sees the same words for { $you }. Read them to each other where you know that it is them: in person, or by a voice that you know. One other word, and somebody stands in between.
settings-pinned-since = known since
settings-pins = Devices that you know
settings-pins-find = Find a name or an address
settings-pins-hint = Their keys were kept when you registered a policy with them. Compared words prove that nobody stands in between.
settings-pins-none = None yet. Ask somebody, and register what you agree on: then their device stands here.
settings-pins-not-found = Nobody of that name.
settings-place-configure = Have this network known by itself
settings-place-configure-hint = With these lines in the configuration file the agent names this network itself, every time you come to it. Write “public” where others can listen, and correct the number after the slash if your network is larger or smaller. Which networks the file names already, this page is not told: one that it knows is named above.
settings-place-example = Home
settings-place-judge = Judge it by the address again
settings-place-name = This place is called
settings-place-name-hint = People whom you let know where you are see it. It stays until you change it; empty, the agent judges by your address. A name that the configuration knows makes the network private or public as it says there.
settings-place-none = no name
settings-place-now = Where you are now
settings-published-left = taken back
settings-published-none = not yet
settings-published-off = no, as wished
settings-published-published = yes
settings-published-publishing = on its way …
settings-published-refused = refused by the server
settings-published-waiting = failed, and tried again
settings-published-withheld = withheld
settings-qr-phrase = The safety phrase with { $who } as a QR code
settings-qr-phrase-hint = It holds just these words. The camera of any telephone shows them: { $who } compares them with the words on their own screen.
settings-qr-self = Your SIP address and fingerprint as a QR code
settings-qr-self-hint = It holds your SIP address and your fingerprint, nothing secret. Whoever reads it knows whom to ask, and which fingerprint the answer must have.
settings-quiet = Do not disturb
settings-quiet-change = Set anew
settings-quiet-for = For
settings-quiet-hint = Nothing rings, and what needs your answer waits. Groups that ring in quiet hours are let through.
settings-quiet-hours = Quiet hours are on until
settings-quiet-not = You can be disturbed.
settings-quiet-off = Let it ring again
settings-quiet-on = Do not disturb
settings-quiet-until = Nothing rings until
settings-revoke = Take back
settings-revoke-sure = Take the word back? Peers that know only your older device will treat this one as a stranger.
settings-revoke-yes = Take it back
settings-revoked = Taken back.
settings-running = What runs
settings-saved = Saved.
settings-self = You
settings-self-assumed = Nobody has chosen your SIP address: it is this machine’s. It is chosen in the configuration file, by a line like this:
settings-self-fixed = Your SIP address is set in the configuration file:
settings-silent-both = You hear nothing and nobody hears you: no microphone and no loudspeaker are chosen.
settings-silent-input = Nobody hears you: no microphone is chosen.
settings-silent-output = You hear nothing: no loudspeaker is chosen.
settings-sound-chosen = Some of this was chosen here, in the place of the configuration.
settings-sound-configure = What is done to your voice
settings-sound-configure-hint = The configuration file says it, and also names files, tones or other programs in the place of devices:
settings-sound-configured = As the configuration says
settings-sound-input = Microphone
settings-sound-output = Loudspeaker
settings-sound-ring = Where it rings
settings-span-day = one day
settings-span-eight-hours = eight hours
settings-span-half-hour = half an hour
settings-span-two-hours = two hours
settings-span-week = one week
settings-stop = Stop the agent
settings-stop-hint = Says goodbye to every peer and ends: nobody reaches you until it is started again.
settings-stop-sure = Stop the agent? Calls end, and nobody reaches you until “sottovoce run” is started in a terminal.
settings-stop-yes = Stop it
settings-take = The older device’s word for this one
settings-take-it = Take the word
settings-taken = Taken. What this device says bears the word of the older one from now on.
settings-telling = Calls and reviews on this page
settings-telling-hint = Kept in this browser.
settings-tones = This page rings
settings-tones-try = Hear it
settings-trial = Test the sound
settings-trial-again = Test again
settings-trial-begin = Begin the test
settings-trial-heard = The microphone hears the loudspeaker, { $ms } ms later.
settings-trial-hint = Takes seven seconds: you hear a tone and three chirps, then say something.
settings-trial-level = Microphone
settings-trial-listen = Listen …
settings-trial-silent = The microphone gives nothing but silence: it is muted, or not the one that you speak into.
settings-trial-speak = Say something now
settings-trial-unheard = The microphone does not hear the loudspeaker: as it should be with headphones, otherwise one of both is too quiet.
settings-trial-voice-loud = Your voice is too loud ({ $db } dB): turn the microphone down.
settings-trial-voice-none = No voice was heard ({ $db } dB): nothing, or too little to be understood.
settings-trial-voice-quiet = Your voice is quiet ({ $db } dB): turn the microphone up.
settings-trial-voice-well = Your voice is heard well ({ $db } dB).
settings-use-default = Use the machine’s own devices
settings-verify =
    { $count ->
        [one] The words are the same
       *[other] The words of all { $count } devices are the same
    }
settings-verify-sure =
    { $count ->
        [one] Did you compare all sixteen words with { $who }?
       *[other] Did you compare all sixteen words with each of the { $count } devices of { $who }?
    }
settings-verify-yes = Yes, remember it
settings-version = Version
settings-vouch = Words of the new device
settings-vouch-of = They are of a device that would speak for
settings-vouch-read = Read them
settings-vouch-same = It shows the same fingerprint
settings-vouch-sure = Vouch for it only if you hold it in your hands: who trusts you will trust it.
settings-vouch-word = Word for the new device
settings-vouch-yes = It is mine: vouch for it
settings-vouched = Give this word to the new device, and let it take it:
settings-vouched-for = An older device vouches for this one as { $name }.
settings-vouching = A further device of your own
settings-vouching-hint = People who know one of your devices need not distrust the next: the one they know gives its word for it.

guide-account = An account, if you want one
guide-account-hint = Others then reach you by a name wherever you are. In your own network, and for the last step here, you need none.
guide-address = To reach you, others type
guide-asking = The echo is asked …
guide-at = Guide: step { $at } of { $of }
guide-back = Back
guide-begin = Ask the echo
guide-do-ask = The echo is being asked …
guide-do-call = Now call it.
guide-do-failed = That came to nothing. Go back to the guide and ask again.
guide-do-hear = Say something: you hear yourself. The line on this page says what protects it. Then hang up.
guide-do-open = That call was not protected. Ask the echo once more, and tighten the policy first.
guide-do-over = That was your first protected call.
guide-do-tighten = Tighten the policy: choose “{ protection-esp }”, then “{ register-call }”.
guide-echo = Talk to yourself, protected
guide-echo-hint = The echo is a peer within this program: it says back what it hears. You do with it what you will do with everybody.
guide-end = That is all
guide-end-again = The guide is found again in the settings, under Program.
guide-end-people = Save a contact
guide-end-start = Ask somebody
guide-end-what = Ask, look, tighten, talk: it is the same with everybody.
guide-failed = That came to nothing. Ask again, or leave this step out.
guide-finish = Finish
guide-go-on = Go on there
guide-is-done = done
guide-leave = Leave the guide
guide-name = What are you called?
guide-name-hint = So that others know who calls.
guide-next = Next
guide-offer = New here?
guide-offer-begin = Show me
guide-offer-go-on = Go on with the guide
guide-offer-later = It is found in the settings, too, under Program.
guide-offer-never = Do not offer it again
guide-offer-what = In two minutes: your name, your place, a sound test, and a protected call with an echo that says back what you say.
guide-place = Where are you?
guide-place-hint = How much protection is advised depends on the network: at home less than in a café.
guide-progress = Steps of the guide
guide-return = Back to the guide
guide-save = Save and go on
guide-short-account = Account
guide-short-echo = Talk
guide-short-name = Name
guide-short-place = Place
guide-short-sound = Sound
guide-skip = Leave this out
guide-sound = Do you hear, and are you heard?
guide-sound-hint = Choose what you speak into and hear by, and test it.
guide-sound-none = Calls work without a sound device too, but you hear nothing, and nobody hears you. Plug one in, or go on.
guide-sound-well = It works: go on
guide-stage-ask = Ask
guide-stage-ask-what = for its presence and its policy.
guide-stage-call = Call
guide-stage-call-what = under exactly that policy.
guide-stage-hear = Hear yourself
guide-stage-hear-what = and see what protects the call.
guide-stage-tighten = Review and tighten
guide-stage-tighten-what = what it asks for, and register it.
guide-title = Guide
guide-ways = Ways through the guide
call-below-advice = less than advised here
nav-waits = wait for you
said-place-private = private network
said-place-external = external
