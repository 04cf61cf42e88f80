//! DNS: carries out what [`Locating`] asks for.
//!
//! NAPTR and SRV records, and addresses, come from the name servers of the configuration, or of the machine
//! (`/etc/resolv.conf`, read again when it changes), and are kept as long as their TTL says. `/etc/hosts` goes before all, and
//! a name that stands there is asked of nobody. The machine's own resolver finds the addresses that DNS does not have, as of
//! `.local` names; with name servers of the configuration it is not asked.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::config::{NameServerConfigGroup, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::proto::ProtoErrorKind;
use hickory_resolver::{Hosts, ResolveError, TokioResolver};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::BuiltIn;
use crate::agent::ECHO_HOST;
use crate::sip::locate::{Answer, Candidate, Locate, Locating, Naptr, Question, Srv};
use crate::vocab::{escape, Failure, FailureKind};

/// How long a whole search may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long name servers may take over one round of it.
const ROUND: Duration = Duration::from_millis(1500);
/// Before a query is sent again.
const PATIENCE: Duration = Duration::from_millis(700);
/// Records that are kept of one answer, and answers that are remembered.
const RECORDS: usize = 64;
const REMEMBERED: usize = 1024;

const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Cheap to clone: all have the same memory.
#[derive(Clone, Default)]
pub struct Resolver {
    /// Of the configuration; none are those of the machine.
    servers: Vec<SocketAddr>,
    machines: Arc<Mutex<Machines>>,
    /// Found under [`ECHO_HOST`].
    echo: Option<Arc<dyn BuiltIn>>,
}

/// What asks DNS, and the state of the file that it was made by.
#[derive(Default)]
struct Machines {
    resolver: Option<Arc<TokioResolver>>,
    read: Option<SystemTime>,
}

/// One search.
#[derive(Clone)]
struct Search {
    dns: Option<Arc<TokioResolver>>,
    hosts: Arc<Hosts>,
    /// The machine's own resolver may be asked too.
    by_machine: bool,
}

/// No name server said anything.
struct Silence;

impl Resolver {
    /// Asks these name servers over UDP, and over TCP what is too long for that; with none, those of the machine.
    pub fn new(servers: &[SocketAddr]) -> Self {
        Self { servers: servers.to_vec(), ..Self::default() }
    }

    /// With the peer that is built in.
    pub fn with_echo(self, echo: Arc<dyn BuiltIn>) -> Self {
        Self { echo: Some(echo), ..self }
    }

    pub fn echo(&self) -> Option<&Arc<dyn BuiltIn>> {
        self.echo.as_ref()
    }

    /// The peer that is built in, where it is looked for.
    pub fn built_in(&self, what: &Locate) -> Option<Arc<dyn BuiltIn>> {
        self.echo.clone().filter(|_| what.host == ECHO_HOST)
    }

    /// Where `what` is, in the order in which it is to be tried; `seed` is for the choice among equals.
    ///
    /// # Errors
    /// `host-unknown`: it has no address that is known here.
    pub async fn locate(&self, what: Locate, seed: [u8; 32]) -> Result<Vec<Candidate>, Failure> {
        let host = what.host.clone();
        let search = Search {
            dns: self.dns(),
            hosts: Arc::new(Hosts::from_system().unwrap_or_default()),
            by_machine: self.servers.is_empty(),
        };
        let mut locating = Locating::new(what, seed);
        if search.dns.is_none() || !is_domain(&host) || search.is_known_here(&host) {
            locating.give_up_services();
        }
        match timeout(LIMIT, search.run(locating)).await {
            Ok(Ok(found)) if !found.is_empty() => Ok(found),
            Ok(Ok(_)) => Err(unknown(&host, "nothing of it is known")),
            Ok(Err(Silence)) | Err(_) => Err(unknown(&host, "the name server does not answer")),
        }
    }

    /// Made anew, and without its memory, when the machine has got other name servers.
    fn dns(&self) -> Option<Arc<TokioResolver>> {
        let read = std::fs::metadata(RESOLV_CONF).and_then(|file| file.modified()).ok();
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = self.servers.is_empty() && machines.read != read;
        if machines.resolver.is_none() || is_old {
            *machines = Machines { resolver: make(&self.servers).map(Arc::new), read };
        }
        machines.resolver.clone()
    }
}

fn make(servers: &[SocketAddr]) -> Option<TokioResolver> {
    let (config, mut options) = match servers.is_empty() {
        true => hickory_resolver::system_conf::read_system_conf().ok()?,
        false => (ResolverConfig::from_parts(None, Vec::new(), group(servers)), ResolverOpts::default()),
    };
    options.timeout = options.timeout.min(PATIENCE);
    options.attempts = options.attempts.min(2);
    options.cache_size = REMEMBERED;
    options.use_hosts_file = ResolveHosts::Never;
    let mut builder = TokioResolver::builder_with_config(config, TokioConnectionProvider::default());
    *builder.options_mut() = options;
    Some(builder.build())
}

fn group(servers: &[SocketAddr]) -> NameServerConfigGroup {
    let mut group = NameServerConfigGroup::new();
    servers.iter().for_each(|at| group.merge(NameServerConfigGroup::from_ips_clear(&[at.ip()], at.port(), true)));
    group
}

impl Search {
    async fn run(&self, mut locating: Locating) -> Result<Vec<Candidate>, Silence> {
        loop {
            let questions = locating.questions();
            if questions.is_empty() {
                return Ok(locating.located());
            }
            let for_addresses = questions.iter().any(|question| matches!(question, Question::Addresses(_)));
            match self.ask(questions).await {
                Ok(answers) => locating.handle_answers(answers),
                // There is nothing further to ask for.
                Err(Silence) if for_addresses => return Err(Silence),
                Err(Silence) => locating.give_up_services(),
            }
        }
    }

    /// All at once; the answers in the order of the questions.
    async fn ask(&self, questions: Vec<Question>) -> Result<Vec<Answer>, Silence> {
        let mut tasks = JoinSet::new();
        let mut answers: Vec<Answer> = questions.iter().map(nothing).collect();
        for (at, question) in questions.into_iter().enumerate() {
            let search = self.clone();
            tasks.spawn(async move { (at, search.answer(question).await) });
        }
        let mut heard = false;
        while let Some(joined) = tasks.join_next().await {
            let Ok((at, Ok(answer))) = joined else { continue };
            heard = true;
            if let Some(place) = answers.get_mut(at) {
                *place = answer;
            }
        }
        heard.then_some(answers).ok_or(Silence)
    }

    async fn answer(&self, question: Question) -> Result<Answer, Silence> {
        Ok(match question {
            Question::Addresses(name) => Answer::Addresses(self.addresses(&name).await?),
            Question::Naptr(name) => {
                let records = self.records(&name, RecordType::NAPTR).await?;
                Answer::Naptr(records.iter().filter_map(naptr).take(RECORDS).collect())
            }
            Question::Srv(name) => {
                let records = self.records(&name, RecordType::SRV).await?;
                Answer::Srv(records.iter().filter_map(srv).take(RECORDS).collect())
            }
        })
    }

    /// The name as it stands, without the machine's search list: domains of SIP are whole.
    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, Silence> {
        let (Some(dns), Some(name)) = (&self.dns, whole(name)) else { return Ok(Vec::new()) };
        match timeout(ROUND, dns.lookup(name, kind)).await {
            Ok(Ok(found)) => Ok(found.iter().cloned().collect()),
            Ok(Err(error)) if !is_silence(&error) => Ok(Vec::new()),
            Ok(Err(_)) | Err(_) => Err(Silence),
        }
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Silence> {
        if self.is_known_here(name) {
            return Ok(by_machine(name).await);
        }
        let mut heard = false;
        if let Some(dns) = self.dns.as_ref().filter(|_| !is_link_local(name)) {
            match timeout(ROUND, dns.lookup_ip(name)).await {
                Ok(Ok(found)) => return Ok(found.iter().take(RECORDS).collect()),
                Ok(Err(error)) => heard = !is_silence(&error),
                Err(_) => {}
            }
        }
        let found = if self.by_machine { by_machine(name).await } else { Vec::new() };
        if heard || !found.is_empty() {
            Ok(found)
        } else {
            Err(Silence)
        }
    }

    /// `localhost` (RFC 6761 section 6.3), or a name that this machine's own list has.
    fn is_known_here(&self, name: &str) -> bool {
        let Some(name) = whole(name) else { return false };
        let is_listed = |kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)).is_some();
        name.is_localhost() || is_listed(RecordType::A) || is_listed(RecordType::AAAA)
    }
}

/// Names of one label are this network's own, and no domain that offers services.
fn is_domain(name: &str) -> bool {
    name.trim_end_matches('.').contains('.') && !is_link_local(name)
}

/// DNS is not asked for it (RFC 6762 section 22.1).
fn is_link_local(name: &str) -> bool {
    name.trim_end_matches('.').to_ascii_lowercase().ends_with(".local")
}

fn whole(name: &str) -> Option<Name> {
    let mut name = Name::from_utf8(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// What getaddrinfo says: `/etc/hosts`, and whatever else this machine is configured for.
async fn by_machine(name: &str) -> Vec<IpAddr> {
    let found = tokio::net::lookup_host((name, 0)).await;
    found.map(|all| all.take(RECORDS).map(|address| address.ip()).collect()).unwrap_or_default()
}

fn nothing(question: &Question) -> Answer {
    match question {
        Question::Addresses(_) => Answer::Addresses(Vec::new()),
        Question::Naptr(_) => Answer::Naptr(Vec::new()),
        Question::Srv(_) => Answer::Srv(Vec::new()),
    }
}

/// Everything else is an answer, even if it says no.
fn is_silence(error: &ResolveError) -> bool {
    let kind = error.proto().map(|error| error.kind());
    matches!(kind, Some(ProtoErrorKind::Timeout | ProtoErrorKind::NoConnections | ProtoErrorKind::Io(_)))
}

/// One with a regular expression is none of SIP's (RFC 3263 section 4.1).
fn naptr(record: &RData) -> Option<Naptr> {
    let RData::NAPTR(record) = record else { return None };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    record.regexp().is_empty().then(|| Naptr {
        order: record.order(),
        preference: record.preference(),
        flags: text(record.flags()),
        service: text(record.services()),
        replacement: record.replacement().to_ascii(),
    })
}

fn srv(record: &RData) -> Option<Srv> {
    let RData::SRV(record) = record else { return None };
    let (priority, weight, port) = (record.priority(), record.weight(), record.port());
    Some(Srv { priority, weight, port, target: record.target().to_ascii() })
}

fn unknown(host: &str, why: &str) -> Failure {
    let host = escape(host);
    Failure::new(
        FailureKind::Unreachable,
        "host-unknown",
        format!("the host {host} cannot be found: {why}"),
        host,
        "check the spelling and your name server, or give the peer's IP address",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    #[tokio::test]
    async fn addresses_and_names_of_this_machine_need_no_name_server() {
        // Nobody is there.
        let resolver = Resolver::new(&["127.0.0.1:9".parse().unwrap()]);
        let numeric = resolver.locate(Locate::host("2001:db8::1", None), [0; 32]).await.unwrap();
        assert_eq!(numeric, [Candidate { address: "[2001:db8::1]:5060".parse().unwrap(), transport: Transport::Udp }]);
        for what in [Locate::host("localhost", None), Locate::host("localhost", Some(5060))] {
            let found = resolver.locate(what, [0; 32]).await.unwrap();
            assert!(found.iter().all(|one| one.address.ip().is_loopback() && one.address.port() == 5060), "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_told_and_shown_harmlessly() {
        for resolver in [Resolver::new(&["127.0.0.1:9".parse().unwrap()]), Resolver::default()] {
            let failure = resolver.locate(Locate::host("no such\u{1b}host.invalid", None), [0; 32]).await.unwrap_err();
            assert_eq!((failure.code, failure.kind), ("host-unknown", FailureKind::Unreachable));
            assert!(!failure.message.contains('\u{1b}'), "{failure}");
        }
    }
}
