# make demo: two agents, real sockets, a real voice; WHERE=loopback (or user-namespaces) chooses the place
# make run:  your own agent and its page, nothing to configure
# make test: everything
# make scenarios: what sipp plays against an agent
# make flood: 20,000 requests a second against an agent in a call, 20 s each
# make lab:   agents in networks of namespaces: office, outside, a cafe, on the move, behind a NAT (needs root)
# make bench: the measures of benches/README.md; NAME="sip_message calls" takes some of them
# make load:  1,000 protected calls in one agent on one core; NAME="250 30" takes 250 calls for 30 s
# make listen: speech over bad lines, ours beside baresip's, by PESQ and ViSQOL (needs root); NAME="pcmu --quick" takes a part
# make aarch64: sottovoce for aarch64, built here
# make screens: the pictures of docs/screens/, taken of the page in a browser (needs root)

export PATH := $(HOME)/.cargo/bin:$(PATH):/usr/sbin:/sbin
TARGET := $(or $(CARGO_TARGET_DIR),target)/debug
COMPILER := cc=gcc /usr/include/stdio.h=libc6-dev cmake=cmake pkg-config=pkg-config /usr/include/alsa/asoundlib.h=libasound2-dev
# One for both, and with the features that the tests have: cargo would compile half of the dependencies anew for each.
BUILD := cargo build --locked --bin sottovoce --example demo
SPEECH := /usr/share/sounds/alsa/Front_Center.wav=alsa-utils
KAMAILIO := kamailio=kamailio /usr/share/kamailio/db_sqlite=kamailio-sqlite-modules \
	'ls /usr/lib/*/kamailio/modules/presence.so=kamailio-presence-modules' \
	'ls /usr/lib/*/kamailio/modules/outbound.so=kamailio-outbound-modules'
NETWORK := ip=iproute2 unshare=util-linux tcpdump=tcpdump

.PHONY: demo run test aarch64 scenarios flood lab load listen soak bench screens

demo:
	@config/make/need.sh $(COMPILER) $(SPEECH) $$(config/make/cargo.sh --packages) -- $(NETWORK)
	@config/make/cargo.sh
	@echo "Building (the first time takes some minutes) ..."
	@$(BUILD)
	@$(TARGET)/examples/demo $(WHERE)

run:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages)
	@config/make/cargo.sh
	@$(BUILD)
	@$(TARGET)/sottovoce run --page

aarch64:
	@config/make/aarch64.sh

# ---- test: only what follows belongs to it ----

STRANGERS := $(SPEECH) $(NETWORK) nft=nftables xmllint=libxml2-utils 'python3 -m ensurepip --version=python3-venv' sipp=sip-tester socat=socat tshark=tshark baresip=baresip-core linphone-daemon=linphone-cli \
	$(KAMAILIO) turnserver=coturn 'ls /usr/lib/*/kamailio/modules/tls.so=kamailio-tls-modules' openssl=openssl opusdec=opus-tools \
	node=nodejs npm=npm chromium=chromium \
	pulseaudio=pulseaudio pactl=pulseaudio-utils 'ls /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so=libasound2-plugins' \
	'ls /usr/lib/*/kamailio/modules/websocket.so=kamailio-websocket-modules'

# test: installs what the tests need and runs everything; NAME="unit world" runs some of it
test:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages fmt clippy) -- $(STRANGERS)
	@config/make/cargo.sh fmt clippy
	@SPEECH=$(firstword $(subst =, ,$(SPEECH))) bash config/make/test.sh $(NAME)

# scenarios: sipp plays every file of sip-scenarios/ against an agent; NAME="cancel bye" plays some of them
scenarios:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages) sipp=sip-tester socat=socat
	@config/make/cargo.sh
	@cargo test --locked --quiet --test scenarios -- $(NAME)

# flood: 20 s each of SUBSCRIBE, INVITE and half-open connections against an agent in a call
flood:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages)
	@config/make/cargo.sh
	@FLOOD_SECONDS=20 cargo test --locked --quiet --test flood -- --nocapture

# soak: an hour of one call through a sound server without a card
soak:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages) pulseaudio=pulseaudio pactl=pulseaudio-utils
	@config/make/cargo.sh
	@SOAK_SECONDS=3600 cargo test --locked --quiet --test devices -- soak --nocapture

# lab: the scenarios of tests/lab/, in namespaces that they make and remove; NAME="office cafe" plays some of them
lab:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages) -- $(NETWORK) nft=nftables tshark=tshark python3=python3 turnserver=coturn $(KAMAILIO)
	@config/make/cargo.sh
	@$(BUILD)
	@tests/lab/run.sh $(NAME)

# load: 60 s of 1,000 calls
load:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages) taskset=util-linux -- tcpdump=tcpdump
	@config/make/cargo.sh
	@cargo build --release --locked --bin sottovoce
	@config/make/load.sh $(NAME)

# listen: some minutes of calls
listen:
	@config/make/need.sh $(COMPILER) $(SPEECH) /usr/share/pocketsphinx=pocketsphinx-testdata $$(config/make/cargo.sh --packages) ip=iproute2 sox=sox baresip=baresip-core 'python3 -m ensurepip --version=python3-venv'
	@config/make/cargo.sh
	@cargo build --release --locked --bin sottovoce
	@config/make/listen.sh $(NAME)

# bench: what benches/README.md describes; NAME="sip_message subscriptions" takes some of it
bench:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages) sipp=sip-tester
	@config/make/cargo.sh
	@config/make/bench.sh $(NAME)

# screens: half a minute, in namespaces that it makes and removes
screens:
	@config/make/need.sh $(COMPILER) $$(config/make/cargo.sh --packages) ip=iproute2 node=nodejs npm=npm chromium=chromium
	@config/make/cargo.sh
	@$(BUILD)
	@npm ci --prefix tests/web --no-audit --no-fund --loglevel=error
	@SOTTOVOCE=$(abspath $(TARGET))/sottovoce node tests/web/screens.mjs
