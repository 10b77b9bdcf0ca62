import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.standalone.EmbeddedBackendFactory;
import dev.ha.standalone.FileBackendFactory;
import dev.ha.standalone.NoneBackendFactory;

/** The backends that need no server: modes none, embedded and file. */
module dev.ha.standalone {
    requires transitive dev.ha;
    requires static transitive org.jspecify;
    requires org.slf4j;

    exports dev.ha.standalone;

    provides HighAvailabilityBackendFactory with
            EmbeddedBackendFactory,
            FileBackendFactory,
            NoneBackendFactory;
}
