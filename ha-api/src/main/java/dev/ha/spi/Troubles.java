package dev.ha.spi;

import dev.ha.UnavailableException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is wrong at present, and with what: told once each, and over when the last is over. Not thread-safe: for one thread. */
public final class Troubles {
    private final BackendContext context;
    private final Runnable remind;
    private final Map<Object, UnavailableException> present = new LinkedHashMap<>();

    /** {@code remind} tells followers again what is known, for the engine tells them of each trouble that nothing is. */
    public Troubles(BackendContext context, Runnable remind) {
        this.context = context;
        this.remind = remind;
    }

    /** {@code what} is in trouble. */
    public void add(Object what, UnavailableException cause) {
        UnavailableException before = present.put(what, cause);
        if (before == null || before.reason() != cause.reason()) {
            tell(cause);
        }
    }

    /** {@code what} is well, or nobody wants it any more. */
    public void remove(Object what) {
        if (present.remove(what) == null) {
            return;
        }
        if (present.isEmpty()) {
            context.connected();
            remind.run();
        } else {
            tell(present.values().iterator().next());
        }
    }

    private void tell(UnavailableException cause) {
        context.disconnected(cause.reason(), cause);
        remind.run();
    }

    /** That of {@code what}, if any. */
    @Nullable
    public UnavailableException of(Object what) {
        return present.get(what);
    }
}
