package dev.ha.etcd;

import dev.ha.tck.support.TestContext;
import dev.ha.tck.support.TestFollowing;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A session without an engine around it, which would hide much of it. */
final class TestSession implements AutoCloseable {
    private static final Duration REQUEST = Duration.ofSeconds(5);

    private final TestContext context = new TestContext("", "test", Map.of());
    private final Loop loop = new Loop(context);
    private final Keys keys = new Keys("/ha", "session");
    private final Session session;

    /** At servers at {@code endpoints}; reads all again every {@code reread}. */
    TestSession(String endpoints, Duration ttl, Duration reread) {
        this(endpoints, ttl, reread, Optional.empty());
    }

    TestSession(String endpoints, Duration ttl, Duration reread, Optional<Settings.Tls> tls) {
        Settings settings = new Settings(
                Stream.of(endpoints.split(",", -1)).map(Endpoint::of).toList(),
                "/ha",
                ttl,
                REQUEST,
                REQUEST,
                Optional.empty(),
                tls);
        this.session = new Session(settings, context, loop, keys, reread);
    }

    TestContext context() {
        return context;
    }

    Loop loop() {
        return loop;
    }

    Session session() {
        return session;
    }

    Keys.ElectionKeys election(String name) {
        return keys.election(name);
    }

    /** A new follower of {@code election}, already started. */
    TestFollowing follow(String election) {
        TestFollowing following = new TestFollowing(election);
        FollowDriver driver = new FollowDriver(following, election(election), session);
        loop.execute(driver::start);
        return following;
    }

    @Override
    public void close() {
        loop.submit(session::close).join();
        loop.close().join();
        context.close();
    }
}
