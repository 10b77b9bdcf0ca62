package dev.ha.etcd;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** One etcd for all tests of a class. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class OneServer {
    EtcdServers server;

    @BeforeAll
    final void start() throws Exception {
        server = EtcdServers.start(1);
    }

    @AfterAll
    final void stop() throws Exception {
        server.close();
    }
}
