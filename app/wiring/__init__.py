"""Who gets what: settings in, the services of the API and the engine of the workers out.

    Crypto    keys                  settings
    Storage   client, stores        settings, doubles, Crypto
    Planning  what is due when      settings, Storage
    Queues    RQ                    settings, doubles
    Services  what the API calls    all of the above
    Engine    what delivers         Services, doubles

Each is a frozen value that is given those it stands on, and makes its parts when they are asked
for: nothing connects before it is used.
"""
