"""Settings from a file, in which environment variables take precedence."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class EnvironmentSettings(BaseSettings):
    """Settings made from a file's content; an environment variable replaces the value of its key."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment before the file's content."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings
