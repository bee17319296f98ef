"""Settings of which the environment goes before the file."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class EnvironmentSettings(BaseSettings):
    """What is passed in is the file's content; a variable of the environment replaces a value of it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings
