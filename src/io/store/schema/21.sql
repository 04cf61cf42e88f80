-- Calls that run have no end yet.
CREATE INDEX call_history_running ON call_history (call) WHERE ended = 0;
